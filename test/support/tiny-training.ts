import type { Examples, TrainingExamples, TrainOptions } from '@retort/learn';
import { int64s, type Tensor } from '@retort/onnx';
import { bagClassifier } from './bag-classifier.ts';

const [VOCABULARY, WIDTH, CLASSES, TOKENS] = [40, 6, 3, 9];

/** Texts of 1 to 9 tokens, the class by the sum of the ids. */
function texts(count: number, seed: number): TrainingExamples {
  const lengths = Int32Array.from({ length: count }, (_, i) => 1 + ((i * 7 + seed) % TOKENS));
  const ids = Array.from(lengths, (length, i) =>
    Array.from({ length }, (_, t) => ((i + 1) * (t + 3) * 11 + seed * 17) % VOCABULARY),
  );
  return {
    count,
    lengths,
    digest: JSON.stringify(ids),
    labels: Int32Array.from(ids, (row) => row.reduce((sum, id) => sum + id, 0) % CLASSES),
    inputs: (rows, length = TOKENS): Record<string, Tensor> => {
      const padded = (value: (id: number | undefined) => number) =>
        int64s(
          [rows.length, length],
          [...rows].flatMap((row) => Array.from({ length }, (_, t) => value(ids[row]![t]))),
        );
      return { input_ids: padded((id) => id ?? 0), attention_mask: padded((id) => (id === undefined ? 0 : 1)) };
    },
  };
}

/** A training of a {@link bagClassifier} on 30 texts: 4 epochs of 5 batches. */
export function tinyTraining(changes: Partial<TrainOptions> = {}, dropout = 0): TrainOptions {
  const validate: Examples = texts(12, 5);
  return {
    ...bagClassifier({ vocabulary: VOCABULARY, width: WIDTH, classes: CLASSES }, dropout),
    ...texts(30, 1),
    validate,
    loss: { lambda: 1, temperature: 1 },
    ...changes,
    training: { epochs: 4, batchSize: 6, learningRate: 0.05, seed: 3, ...changes.training },
  };
}

/** What a training with a teacher may have besides: a loss that changes, weights of the rows, easy rows first. */
export function taughtBy({ count }: TrainOptions): Partial<TrainOptions> {
  const noise = (size: number, from: number) =>
    Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * (i + from)));
  return {
    teacherLogits: noise(count * CLASSES, 1).map((value) => 3 * value),
    weights: noise(count, 2).map((value) => 1 + value),
    curriculum: { difficulty: noise(count, 3), start: 0.3, until: 0.6, pacing: 'root' },
    loss: {
      ...{ lambda: 0.5, temperature: 4, divergence: 'dkd', dkd: { beta: 2 } },
      schedule: {
        interpolation: 'linear',
        stages: [
          { until: 0.5, lambda: 0.2 },
          { until: 1, temperature: 1 },
        ],
      },
    },
  };
}

/** All values of all weights in order, as hexadecimal digits. */
export function bitsOf(weights: ReadonlyMap<string, Float32Array>): string {
  return [...weights]
    .map(([name, values]) => `${name} ${Buffer.from(new Float32Array(values).buffer).toString('hex')}`)
    .join('\n');
}
