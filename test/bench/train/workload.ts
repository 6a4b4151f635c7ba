/**
 * The one place where the benchmark touches the learning engine: what each reference shape trains, as a call of `train`.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { encoderStudent, Random, staticStudent, type TrainableModel, type TrainOptions } from '@retort/learn';
import { floats, GraphBuilder, readModel, simplify, type Tensor } from '@retort/onnx';
import { padBatch } from '@retort/text';
import { sharedPath } from '../../support/shared.ts';
import type { MinilmShape, ReferenceShape } from './shapes.ts';

/** Where the pre-trained encoder of the shape `minilm` lies, beside the checkout. */
const MINILM_FILE = 'models/minilm-l6/model.onnx.gz';

const SEED = 1;

/** Why a shape cannot be measured here, or undefined where it can. */
export function whyNot(shape: ReferenceShape): string | undefined {
  const missing = shape.family === 'minilm' && sharedPath(MINILM_FILE) === undefined;
  return missing ? `../shared/${MINILM_FILE} is absent` : undefined;
}

/**
 * A run of `train` over random texts and teacher's logits, one epoch of `steps` batches. Cross-entropy and the divergence from the
 * teacher are both in the loss.
 */
export function workloadOf(shape: ReferenceShape, { steps, threads }: { steps: number; threads: number }) {
  const { batch, tokens, vocabulary, classes } = shape;
  const count = steps * batch;
  const random = new Random(SEED);
  const ids = Int32Array.from({ length: count * tokens }, () => random.below(vocabulary));
  const options: TrainOptions = {
    ...modelOf(shape),
    count,
    inputs: (rows) => inputsOf(shape, ids, rows),
    labels: Int32Array.from({ length: count }, () => random.below(classes)),
    teacherLogits: Float32Array.from({ length: count * classes }, () => 3 * random.normal()),
    loss: { lambda: 0.3, temperature: 2 },
    training: { epochs: 1, batchSize: batch, learningRate: 1e-4, seed: SEED },
    threads,
  };
  return options;
}

function inputsOf({ family, tokens }: ReferenceShape, ids: Int32Array, rows: Int32Array): Record<string, Tensor> {
  const texts = Array.from(rows, (row) => ids.subarray(row * tokens, (row + 1) * tokens));
  const { inputIds, attentionMask } = padBatch(texts, 0);
  const inputs = { input_ids: inputIds, attention_mask: attentionMask };
  if (family !== 'minilm') return inputs;
  const { dims } = inputIds;
  return { ...inputs, token_type_ids: { type: 'int64', dims, data: new BigInt64Array(rows.length * tokens) } };
}

/** The model of a shape, untrained or as it was exported. */
export function modelOf(shape: ReferenceShape): TrainableModel {
  const { vocabulary: vocabularySize, tokens: maxLength, classes } = shape;
  const options = { vocabularySize, classes, seed: SEED };
  switch (shape.family) {
    case 'encoder':
      return encoderStudent(
        { ...shape, family: 'encoder', maxLength, dropout: 0, pooling: 'mean', hidden: 0 },
        options,
      );
    case 'static':
      return staticStudent({ ...shape, tokens: 'characters', tokenWidth: 0, maxLength }, options);
    case 'minilm':
      return pretrained(shape);
  }
}

/** all-MiniLM-L6-v2 with a linear classifier on its sentence embedding, every weight to be trained. */
function pretrained({ width, classes }: MinilmShape): TrainableModel {
  const exported = simplify(readModel(gunzipSync(readFileSync(sharedPath(MINILM_FILE) as string))));
  // The scalars are constants of the formulae (√2, epsilons).
  const weights = [...exported.graph.initializers].filter(
    ([, { type, dims }]) => type === 'float32' && dims.length > 0,
  );
  const random = new Random(SEED);
  const b = new GraphBuilder({ base: exported });
  b.graph.outputs.length = 0;
  const kernel = Float32Array.from({ length: width * classes }, () => random.normal() / Math.sqrt(width));
  const head = [
    b.initializer('head.weight', floats([width, classes], kernel)),
    b.initializer('head.bias', floats([classes])),
  ];
  b.add('Gemm', ['sentence_embedding', ...head], { outputs: ['logits'] });
  b.output('logits', 'float32', ['batch', classes]);
  return { model: b.build({ irVersion: exported.irVersion }), trainable: [...weights.map(([name]) => name), ...head] };
}
