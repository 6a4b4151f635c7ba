import type { OutOfScopeFigures } from '@retort/contracts';
import { RetortError } from '@retort/contracts/values';
import { argmax, logSoftmaxRow, rowsOf } from './softmax.js';

const KEPT_IN_SCOPE = 0.95;

/**
 * How sure a classifier is that a row is in scope, 0..1: the largest probability (Hendrycks & Gimpel 2017), or, for a classifier with a
 * class for rows out of scope, 1 - the probability of that class.
 *
 * @param logits row-major `[rows, classes]`
 * @param outOfScope index of the class for rows out of scope; undefined where there is none
 * @returns one score per row
 */
export function inScopeScores(logits: Float32Array, classes: number, outOfScope?: number): Float64Array {
  const logProbabilities = new Float64Array(classes);
  return Float64Array.from({ length: rowsOf(logits, classes) }, (_, row) => {
    logSoftmaxRow(logits, row, 1, logProbabilities);
    return outOfScope === undefined
      ? Math.exp(logProbabilities[argmax(logProbabilities, 0, classes)])
      : -Math.expm1(logProbabilities[outOfScope]);
  });
}

/**
 * Compares the scores of rows in scope with those of rows out of scope. The area under the ROC curve is the probability that the former
 * is the higher one, ties counted half.
 *
 * @throws RetortError `RT_INVALID_FIELD` where either has no rows
 */
export function outOfScopeFigures(inScope: Float64Array, outOfScope: Float64Array): OutOfScopeFigures {
  if (inScope.length === 0 || outOfScope.length === 0) {
    throw new RetortError('RT_INVALID_FIELD', 'Out-of-scope figures need rows in scope and rows out of scope.');
  }
  // Typed arrays sort by number.
  const inside = inScope.toSorted();
  const outside = outOfScope.toSorted();
  // Of n rows in ascending order, the best ⌈0.95·n⌉ begin at n - ⌈0.95·n⌉.
  const threshold = inside[inside.length - Math.ceil(KEPT_IN_SCOPE * inside.length - 1e-9)];
  return { auroc: rocArea(inside, outside), recallAt95: countBelow(outside, threshold) / outside.length };
}

/** Mann and Whitney's U over its largest value, by one walk through both in ascending order. */
function rocArea(inside: Float64Array, outside: Float64Array): number {
  let below = 0;
  let upTo = 0;
  let wins = 0;
  for (const score of inside) {
    while (below < outside.length && outside[below] < score) below++;
    upTo = Math.max(upTo, below);
    while (upTo < outside.length && outside[upTo] <= score) upTo++;
    wins += below + (upTo - below) / 2;
  }
  return wins / (inside.length * outside.length);
}

/** How many of the ascending values are below the threshold. */
function countBelow(sorted: Float64Array, threshold: number): number {
  const at = sorted.findIndex((value) => value >= threshold);
  return at < 0 ? sorted.length : at;
}
