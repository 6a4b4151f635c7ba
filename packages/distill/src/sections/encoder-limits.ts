import { EncoderStudent, type FieldProblem, InitFrom } from '@retort/contracts';
import { activationBytes, MOST_ACTIVATION_BYTES } from '@retort/learn';
import { Value } from 'typebox/value';

/** Width of a head where the spec names no number of heads: that of MiniLM, whose heads are of 32 as those of the smallest BERTs. */
const HEAD_WIDTH = 32;

/** Peak learning rate where the spec names none: the static student's would not let a transformer learn. */
const LEARNING_RATE = 0.001;

/** Most weights in the layers. Training keeps four numbers for each: 1.6 GB. */
const MOST_LAYER_WEIGHTS = 100e6;

/**
 * What an encoder spec gets besides its schema's defaults: as many layers as `initFrom` names, `heads` of width 32 (or the next wider
 * that divide the width), `intermediate` = 4 · width, and a learning rate for transformers. Wrong fields are left to the schema's check.
 */
export function encoderDefaults(student: Record<string, unknown>) {
  const { width, initFrom } = Value.Default(EncoderStudent, { ...student }) as Record<string, unknown>;
  const known = Value.Check(EncoderStudent.properties.width, width) ? width : HEAD_WIDTH;
  const named = Value.Check(InitFrom, initFrom) ? { layers: initFrom.layers.length } : {};
  return {
    student: { ...named, heads: headsFor(known), intermediate: 4 * known },
    training: { learningRate: LEARNING_RATE },
  };
}

function headsFor(width: number): number {
  for (let heads = Math.floor(width / HEAD_WIDTH); heads > 1; heads--) if (width % heads === 0) return heads;
  return 1;
}

/**
 * What is wrong with an encoder spec between its fields, memory included: what it asks for is bounded before anything is built.
 *
 * @param batchSize of the training
 */
export function encoderProblems(student: EncoderStudent, batchSize: number): FieldProblem[] {
  const { layers, width, heads, initFrom } = student;
  const problems: FieldProblem[] = [];
  const problem = (field: string, message: string) => problems.push({ path: `/student/${field}`, message });
  if (width % heads !== 0) problem('heads', `must divide width (${width}), got ${heads}`);
  if (initFrom && initFrom.layers.length !== layers) {
    problem(
      'initFrom/layers',
      `must name as many layers as the student has (${layers}), got ${initFrom.layers.length}`,
    );
  }
  const weights = layerWeights(student);
  if (weights > MOST_LAYER_WEIGHTS) {
    problem(
      'width',
      `the layers have ${millions(weights)} M weights, at most ${millions(MOST_LAYER_WEIGHTS)} M can be trained: lower layers, width or intermediate`,
    );
  }
  const bytes = activationBytes(student, batchSize);
  if (bytes > MOST_ACTIVATION_BYTES) {
    problem(
      'maxLength',
      `a training step may need ${gibibytes(bytes)} GiB, at most ${gibibytes(MOST_ACTIVATION_BYTES)} GiB are allowed: lower training.batchSize, maxLength, layers or width`,
    );
  }
  return problems;
}

/** Weights of the matrices in all layers: q, k, v and the output, then up and down. */
export function layerWeights({ layers, width, intermediate }: EncoderStudent): number {
  return layers * (4 * width ** 2 + 2 * width * intermediate);
}

const millions = (count: number) => (count / 1e6).toFixed(0);
const gibibytes = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
