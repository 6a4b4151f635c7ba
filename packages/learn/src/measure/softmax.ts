import { RetortError } from '@retort/contracts/values';

/** Index of the largest of `values[from .. from + length)`, relative to `from`; the first of equals. */
export function argmax(values: ArrayLike<number>, from: number, length: number): number {
  let best = 0;
  for (let i = 1; i < length; i++) if (values[from + i] > values[from + best]) best = i;
  return best;
}

/**
 * Writes `log softmax(scale · row)` of one row of logits into `into` (of `classes` elements), in doubles, with the
 * maximum subtracted first so that nothing overflows.
 */
export function logSoftmaxRow(logits: ArrayLike<number>, row: number, scale: number, into: Float64Array): void {
  const classes = into.length;
  const from = row * classes;
  const shift = scale * logits[from + argmax(logits, from, classes)];
  let sum = 0;
  for (let c = 0; c < classes; c++) {
    into[c] = scale * logits[from + c] - shift;
    sum += Math.exp(into[c]);
  }
  const logSum = Math.log(sum);
  for (let c = 0; c < classes; c++) into[c] = into[c] - logSum;
}

/** Number of rows of `[rows, classes]` logits; throws where the sizes do not fit. */
export function rowsOf(logits: ArrayLike<number>, classes: number, name = 'logits'): number {
  const rows = logits.length / classes;
  if (!Number.isInteger(rows)) {
    throw new RetortError(
      'RT_INVALID_FIELD',
      `${name} has ${logits.length} values, no multiple of its ${classes} classes.`,
    );
  }
  return rows;
}
