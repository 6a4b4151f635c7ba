import { fitTemperature, predict, type TaskHead, withWeights } from '@retort/learn';
import { findInitializer, type Model } from '@retort/onnx';
import type { EncodedRows } from '../dataset/encoded-rows.js';

export interface CalibratedTasks {
  model: Model;
  /** What the logits of each head were divided by; 1 where there was nothing to calibrate on. */
  temperatures: number[];
}

/** The students' last layer, a Gemm of `output.weight` `[width, Σ classes]` and `output.bias`: a column for each class. */
const WEIGHTS = ['output.weight', 'output.bias'];

/**
 * Scales the logits of each head so that its confidences match accuracy on its task's validation rows; the factors are folded into
 * the columns of the last layer.
 *
 * @param valid validation rows of each head's task
 */
export async function calibrateTasks(
  model: Model,
  encoded: EncodedRows,
  valid: readonly Int32Array[],
  { heads, ...options }: { heads: readonly TaskHead[]; batchSize: number; threads?: number; signal?: AbortSignal },
): Promise<CalibratedTasks> {
  const classes = heads.reduce((sum, head) => sum + head.classes, 0);
  const temperatures: number[] = [];
  for (const [k, { offset, classes: own }] of heads.entries()) {
    const examples = encoded.examples(valid[k]);
    if (!examples.labels.some((label) => label >= 0)) {
      temperatures.push(1);
      continue;
    }
    const logits = columnsOf(await predict(model, examples, options), classes, offset, own);
    const labels = examples.labels.map((label) => (label < 0 ? -1 : label - offset));
    temperatures.push(fitTemperature(logits, labels, own));
  }
  const factors = heads.flatMap(({ classes: own }, k) => Array<number>(own).fill(1 / temperatures[k]));
  const scaled = WEIGHTS.map((name): [string, Float32Array] => {
    const { data } = findInitializer(model, name, 'float32');
    return [name, (data as Float32Array).map((value, i) => value * factors[i % classes])];
  });
  return { model: withWeights(model, new Map(scaled)), temperatures };
}

/** Columns `[offset, offset + count)` of a matrix `[rows, columns]`. */
export function columnsOf(matrix: Float32Array, columns: number, offset: number, count: number): Float32Array {
  const rows = matrix.length / columns;
  const part = new Float32Array(rows * count);
  for (let row = 0; row < rows; row++) {
    const from = row * columns + offset;
    part.set(matrix.subarray(from, from + count), row * count);
  }
  return part;
}
