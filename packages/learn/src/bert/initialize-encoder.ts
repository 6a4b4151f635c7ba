import type { EncoderShape } from '@retort/contracts';
import { RetortError } from '@retort/contracts/values';
import { type Matrix, multiply, pickColumns, pickRows } from '../linear-algebra/matrix.js';
import { type TrainableModel, type Weights, withWeights } from '../trainable.js';
import { encoderMisfits } from './encoder-misfits.js';
import type { DenseWeights } from './graph-walk.js';
import { type Projection, principalProjection, projectNorm } from './projection.js';
import type { BertLayerWeights, BertWeights, NormWeights } from './read-bert.js';

/**
 * Starts an encoder student from chosen layers of a BERT-shaped teacher instead of from new weights. What the teacher does not have
 * (its classifier's counterpart, more feed-forward neurons, further positions) keeps the new weights.
 *
 * With the teacher's width, the student of all its layers computes the teacher's hidden states. A narrower student's hidden states start
 * as the projection h·P of the teacher's ({@link principalProjection}), one P for the whole model: what reads them, W `[width, n]`, becomes Pᵀ·W;
 * what writes them, `[n, width]`, becomes W·P, tables and biases alike. Of the heads and of the feed-forward neurons those stay that write
 * most: by ‖value·output‖ and by ‖up‖·‖down‖.
 *
 * @param student made by `encoderStudent` for `spec`
 * @param kept teacher's token id of each of the student's: rows of the word embeddings
 * @throws RetortError `RT_INVALID_SPEC` where the spec does not fit the teacher: naming the field, the teacher's figure and what to do
 */
export function initializeEncoder(
  student: TrainableModel,
  spec: EncoderShape,
  { teacher, kept, seed }: { teacher: BertWeights; kept: Int32Array; seed: number },
): TrainableModel {
  const chosen = spec.initFrom?.layers ?? [];
  checkFit(spec, teacher, kept);
  const words = pickRows(tableOf(teacher.words, teacher.width), Array.from(kept));
  const projection = spec.width === teacher.width ? undefined : projectionOf(teacher, words, spec.width, seed);
  const writer = new WeightWriter(student, projection);

  writer.rows('embeddings.word', words);
  writer.rows('embeddings.position', tableOf(teacher.positions, teacher.width));
  writer.norm('embeddings.norm', teacher.embeddingNorm);
  for (const [i, layer] of chosen.entries()) {
    writeLayer(writer, `layers.${i}`, teacher.layers[layer], {
      heads: spec.heads,
      headWidth: teacher.width / teacher.heads,
      intermediate: spec.intermediate,
    });
  }
  return { ...student, model: withWeights(student.model, writer.weights) };
}

interface LayerShape {
  heads: number;
  headWidth: number;
  intermediate: number;
}

function writeLayer(writer: WeightWriter, name: string, layer: BertLayerWeights, shape: LayerShape): void {
  const [query, key, value] = [layer.query, layer.key, layer.value].map((part) => writer.reading(part)) as [
    Matrix,
    Matrix,
    Matrix,
  ];
  const output = writer.writing(layer.output);
  const inner = strongestHeads(value, output, shape).flatMap((head) => columnsOf(head, shape.headWidth));
  writer.weight(
    `${name}.attention.qkv.weight`,
    sideBySide([query, key, value].map((part) => pickColumns(part, inner))),
  );
  writer.vector(
    `${name}.attention.qkv.bias`,
    [layer.query, layer.key, layer.value].flatMap(({ bias }) => inner.map((i) => bias[i])),
  );
  writer.weight(`${name}.attention.output.weight`, pickRows(output, inner));
  writer.vector(`${name}.attention.output.bias`, writer.projected(layer.output.bias));
  writer.norm(`${name}.attention.norm`, layer.attentionNorm);

  const [up, down] = [writer.reading(layer.up), writer.writing(layer.down)];
  const neurons = strongestNeurons(up, down, shape.intermediate);
  writer.weight(`${name}.feed_forward.up.weight`, pickColumns(up, neurons));
  writer.vector(
    `${name}.feed_forward.up.bias`,
    neurons.map((neuron) => layer.up.bias[neuron]),
  );
  writer.weight(`${name}.feed_forward.down.weight`, pickRows(down, neurons));
  writer.vector(`${name}.feed_forward.down.bias`, writer.projected(layer.down.bias));
  writer.norm(`${name}.feed_forward.norm`, layer.feedForwardNorm);
}

/** The heads whose product of value and output matrices is largest (Frobenius), in the teacher's order. */
function strongestHeads(value: Matrix, output: Matrix, { heads, headWidth }: LayerShape): number[] {
  const all = value.columns / headWidth;
  if (heads >= all) return range(all);
  const strength = range(all).map((head) => {
    const inner = columnsOf(head, headWidth);
    return norm(multiply(pickColumns(value, inner), pickRows(output, inner)).values);
  });
  return strongest(strength, heads);
}

function columnsOf(head: number, headWidth: number): number[] {
  return Array.from({ length: headWidth }, (_, i) => head * headWidth + i);
}

function strongestNeurons(up: Matrix, down: Matrix, intermediate: number): number[] {
  if (intermediate >= up.columns) return range(up.columns);
  const strength = range(up.columns).map(
    (neuron) => norm(pickColumns(up, [neuron]).values) * norm(pickRows(down, [neuron]).values),
  );
  return strongest(strength, intermediate);
}

/** Indices of the `count` largest, in rising order; of equal ones the first. */
function strongest(strength: readonly number[], count: number): number[] {
  return range(strength.length)
    .sort((a, b) => strength[b] - strength[a] || a - b)
    .slice(0, count)
    .sort((a, b) => a - b);
}

/** Writes the teacher's weights over the student's new ones, through the projection where there is one. */
class WeightWriter {
  readonly weights: Weights = new Map();
  readonly #student: TrainableModel;
  readonly #projection: Projection | undefined;

  constructor(student: TrainableModel, projection: Projection | undefined) {
    this.#student = student;
    this.#projection = projection;
  }

  /** A matrix that reads hidden states: Pᵀ·W. */
  reading({ from, to, weight }: DenseWeights): Matrix {
    const matrix = { rows: from, columns: to, values: weight };
    return this.#projection ? multiply(this.#projection.matrix, matrix, { transposeA: true }) : matrix;
  }

  /** A matrix that writes hidden states: W·P. */
  writing({ from, to, weight }: DenseWeights): Matrix {
    const matrix = { rows: from, columns: to, values: weight };
    return this.#projection ? multiply(matrix, this.#projection.matrix) : matrix;
  }

  /** A hidden state: b·P. */
  projected(bias: Float32Array): Float32Array {
    return this.writing({ from: 1, to: bias.length, weight: bias, bias }).values;
  }

  /** A table of hidden states; the student's may have fewer rows, or more. */
  rows(name: string, { rows, columns, values }: Matrix): void {
    this.weight(name, this.writing({ from: rows, to: columns, weight: values, bias: values }));
  }

  norm(name: string, weights: NormWeights): void {
    const { scale, bias } = this.#projection ? projectNorm(weights, this.#projection) : weights;
    this.vector(`${name}.scale`, scale);
    this.vector(`${name}.bias`, bias);
  }

  vector(name: string, values: ArrayLike<number>): void {
    this.weight(name, { rows: 1, columns: values.length, values: Float32Array.from(values) });
  }

  /** Overwrites the upper left corner of the student's matrix, as far as both reach. */
  weight(name: string, { rows, columns, values }: Matrix): void {
    const tensor = this.#student.model.graph.initializers.get(name);
    if (!tensor) throw new Error(`The student has no weight "${name}".`);
    const [height, width] = tensor.dims.length === 1 ? [1, tensor.dims[0]] : (tensor.dims as [number, number]);
    const out = Float32Array.from(tensor.data as Float32Array);
    const shared = Math.min(columns, width);
    for (let i = 0; i < Math.min(rows, height); i++)
      out.set(values.subarray(i * columns, i * columns + shared), i * width);
    this.weights.set(name, out);
  }
}

/** The projection for the states that the teacher's layers begin with: its words, normalized as its first normalization does. */
function projectionOf(teacher: BertWeights, words: Matrix, to: number, seed: number): Projection {
  const { rows, columns, values } = words;
  const states = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const position = (row % teacher.positions.rows) * columns;
    const state = values
      .subarray(row * columns, (row + 1) * columns)
      .map((value, i) => value + teacher.positions.values[position + i]);
    const mean = state.reduce((sum, value) => sum + value, 0) / columns;
    const variance = state.reduce((sum, value) => sum + (value - mean) ** 2, 0) / columns;
    const inverse = variance > 0 ? 1 / Math.sqrt(variance) : 0;
    for (let i = 0; i < columns; i++) states[row * columns + i] = (state[i] - mean) * inverse;
  }
  return principalProjection({ rows, columns, values: states }, to, seed);
}

function tableOf({ rows, values }: { rows: number; values: Float32Array }, columns: number): Matrix {
  return { rows, columns, values };
}

function sideBySide(parts: readonly Matrix[]): Matrix {
  const { rows } = parts[0];
  const columns = parts.reduce((sum, part) => sum + part.columns, 0);
  const values = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    let at = i * columns;
    for (const part of parts) {
      values.set(part.values.subarray(i * part.columns, (i + 1) * part.columns), at);
      at += part.columns;
    }
  }
  return { rows, columns, values };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

function checkFit(spec: EncoderShape, teacher: BertWeights, kept: Int32Array): void {
  const { width, heads, layers, words } = teacher;
  const problems = encoderMisfits(spec, { width, heads, layers: layers.length });
  if (!kept.every((id) => id < words.rows)) {
    problems.push({ path: '/student', message: `has more tokens than the teacher’s table, ${words.rows}` });
  }
  if (problems.length === 0) return;
  const detail = problems.map(({ path, message }) => `${path.slice(1).replaceAll('/', '.')} ${message}`).join('; ');
  throw new RetortError('RT_INVALID_SPEC', `${detail}.`, { problems });
}
