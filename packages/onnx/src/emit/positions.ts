import type { Emitter } from './emitter.js';

/**
 * Picking operators undone by position: whatever an operator does to a tensor's elements (cut, repeat, mirror, gather), done to
 * their positions instead it tells where each output came from, and the gradient is added back there.
 */

/** int64 of the shape of `like`: where each element stands in row-major order. */
export function positionsIn(e: Emitter, like: string): string {
  const scalar = (value: bigint) => e.constant({ type: 'int64', dims: [], data: BigInt64Array.of(value) });
  const all = e.emit('Range', [scalar(0n), e.emit('Size', [like]), scalar(1n)]);
  return e.reshapeLike(all, like);
}

/**
 * Zeros of the shape of `like` with `values` added at `positions`, which are of one shape.
 *
 * @param distinct that no position occurs twice.
 */
export function addAt(e: Emitter, like: string, positions: string, values: string, distinct = false): string {
  const count = e.emit('Reshape', [e.emit('Size', [like]), e.ints([-1])]);
  const zeros = e.emit('Expand', [e.scalar(0, like), count]);
  return e.reshapeLike(e.scatterElements(zeros, e.flatten(positions), e.flatten(values), 0, distinct), like);
}
