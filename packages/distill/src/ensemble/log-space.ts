/** log(e^a + e^b), without overflow; -Infinity stands for a probability of 0. */
export function logAdd(a: number, b: number): number {
  const high = Math.max(a, b);
  return high === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(Math.min(a, b) - high));
}

/** log Σ e^v over all values. */
export function logSum(values: Float64Array): number {
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) high = Math.max(high, value);
  if (high === Number.NEGATIVE_INFINITY) return high;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - high);
  return high + Math.log(sum);
}

/** log Σ e^v over the values at `indexes`. */
export function logSumAt(values: Float64Array, indexes: Int32Array): number {
  return logSum(Float64Array.from(indexes, (i) => values[i]));
}

/** Shifts logarithms in place so that their exponentials sum to 1. */
export function logNormalize(values: Float64Array): void {
  const total = logSum(values);
  for (let i = 0; i < values.length; i++) values[i] -= total;
}
