import type { Emitter } from '../emit/emitter.js';
import { UnsupportedUse } from '../emit/refusals.js';
import { multiplyDims, sameDim } from '../shapes/dims.js';

/**
 * Masks are summands of the attention scores: 0 where a query may look at a key, a large negative number where not. The padding of a
 * batch and the direction of time are small (they broadcast over heads), and added up before the scores are touched.
 */

/** The most negative float32: what is added to it stays away from -∞, whose differences are no numbers. */
export const LOWEST = -3.4028234663852886e38;

/** 0 where `allowed` (boolean) holds, `low` elsewhere, in the element type of `like`. */
export function summandOf(e: Emitter, allowed: string, low: number, like: string): string {
  return e.emit('Where', [allowed, e.scalar(0, like), e.scalar(low, like)]);
}

/** The sum of those that there are; undefined where there is none. */
export function sumOf(e: Emitter, masks: (string | undefined)[]): string | undefined {
  return masks
    .filter((mask) => mask !== undefined)
    .reduce<string | undefined>((sum, mask) => (sum === undefined ? mask : e.addTo(sum, mask)), undefined);
}

/** int64 `[n]`: 0, 1, … n - 1, for `n` in a vector of one element. */
export function countTo(e: Emitter, length: string): string {
  const scalar = (value: bigint) => e.constant({ type: 'int64', dims: [], data: BigInt64Array.of(value) });
  return e.emit('Range', [scalar(0n), e.emit('Squeeze', [length, e.ints([0])]), scalar(1n)]);
}

/**
 * Boolean `[queries, keys]`: true where the key is not later than the query, counted from the first of each.
 *
 * @param window how many keys a query sees at most, itself the last of them; default all.
 */
export function causal(e: Emitter, queries: string, keys: string, window?: number): string {
  const row = e.unsqueeze(countTo(e, queries), [1]);
  const column = e.unsqueeze(countTo(e, keys), [0]);
  const past = e.emit('LessOrEqual', [column, row]);
  if (window === undefined) return past;
  return e.emit('And', [past, e.emit('Greater', [column, e.sub(row, e.ints([window]))])]);
}

/**
 * The key padding of com.microsoft's Attention and MultiHeadAttention (int32), as a summand that broadcasts to
 * `[batch, heads, queries, keys]`. Its forms: `[batch, keys]` and `[batch, queries, keys]`, 1 for what may be seen; `[batch]`, the
 * number of keys from the first on; `[2·batch]`, the ends (exclusive) and then the starts of the seen stretches; `[3·batch + 2]`, of
 * which the CPU kernels read the first `batch` as numbers of keys.
 *
 * @param x whose first extent is the batch, `keys` the number of keys as a vector of one element.
 */
export function paddingMask(e: Emitter, mask: string, x: string, keys: string, low: number): string {
  const rank = e.rank(mask);
  if (rank === 2 || rank === 3) {
    const seen = e.emit('Greater', [mask, e.constant({ type: 'int32', dims: [], data: Int32Array.of(0) })]);
    return e.unsqueeze(summandOf(e, seen, low, x), rank === 2 ? [1, 2] : [1]);
  }
  if (rank !== 1) throw new UnsupportedUse(`its mask of ${rank} axes is not supported`);
  const key = e.unsqueeze(countTo(e, keys), [0]);
  const part = (from: string, to: string) => e.unsqueeze(e.cast(e.emit('Slice', [mask, from, to]), 'int64'), [1]);
  const batch = e.extent(x, 0);
  const before = e.emit('Less', [key, part(e.ints([0]), batch)]);
  const seen = hasStarts(e, mask, x)
    ? e.emit('And', [before, e.emit('GreaterOrEqual', [key, part(batch, e.addTo(batch, batch))])])
    : before;
  return e.unsqueeze(summandOf(e, seen, low, x), [1, 2]);
}

/** Whether a mask of one axis is of the form `[2·batch]`. */
function hasStarts(e: Emitter, mask: string, x: string): boolean {
  const [length = null] = e.shape(mask);
  const [batch = null] = e.shape(x);
  if (sameDim(length, batch)) return false;
  if (sameDim(length, multiplyDims([2, batch]))) return true;
  if (typeof length === 'number' && typeof batch === 'number' && length === 3 * batch + 2) return false;
  throw new UnsupportedUse(
    `its mask has ${length ?? 'an unknown number of'} elements, of which nothing tells whether they are one or two per sequence`,
  );
}
