import type { ConfidenceMeasure } from '@retort/contracts';
import { logSoftmaxRow, rowsOf } from '../measure/softmax.js';

const MEASURES: Record<ConfidenceMeasure, (logProbabilities: Float64Array) => number> = {
  'max-probability': (logs) => Math.exp(twoHighest(logs)[0]),
  margin: (logs) => {
    const [first, second] = twoHighest(logs);
    return Math.exp(first) - Math.exp(second);
  },
  entropy: (logs) => {
    const entropy = logs.reduce((sum, log) => sum - Math.exp(log) * log, 0);
    return Math.min(1, Math.max(0, 1 - entropy / Math.log(logs.length)));
  },
};

/**
 * How sure a classifier is of each row, 0 (not at all) to 1, with p = softmax(logits):
 *
 *     max-probability   max p
 *     margin            the highest p less the second highest
 *     entropy           1 - H(p) / ln C,   H(p) = - Σ_c p_c · ln p_c
 *
 * @param logits row-major `[rows, classes]`, at least two classes
 * @throws RetortError `RT_INVALID_FIELD` where there are no whole rows
 */
export function confidences(logits: Float32Array, classes: number, by: ConfidenceMeasure): Float32Array {
  const logProbabilities = new Float64Array(classes);
  const measure = MEASURES[by];
  return Float32Array.from({ length: rowsOf(logits, classes) }, (_, row) => {
    logSoftmaxRow(logits, row, 1, logProbabilities);
    return measure(logProbabilities);
  });
}

/** The highest and the second highest value. */
function twoHighest(values: Float64Array): [number, number] {
  let [first, second] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value > first) [first, second] = [value, first];
    else if (value > second) second = value;
  }
  return [first, second];
}
