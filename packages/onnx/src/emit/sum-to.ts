import { isStatic, sameDim, sameShape } from '../shapes/dims.js';
import { sizeOf } from '../tensor.js';
import type { Emitter } from './emitter.js';
import { sumOfRows } from './row-products.js';

/** Below this, a sum over rows is too narrow for a matrix product to pay. */
const MIN_SUMMED_WIDTH = 8;

/**
 * Undoes broadcasting: sums `a` over the axes along which `like` was repeated to the shape of `a`, and gives it the shape of
 * `like`. Where names alone cannot tell whether an axis was repeated, the axes are computed when the graph runs.
 */
export function sumTo(e: Emitter, a: string, like: string): string {
  const from = e.shape(a);
  const to = e.shape(like);
  if (sameShape(from, to)) return a;
  const lead = from.length - to.length;
  const axes = from.map((_, axis) => axis).filter((axis) => axis < lead || (to[axis - lead] === 1 && from[axis] !== 1));
  const unclear = to.some((dim, i) => dim !== 1 && from[i + lead] !== 1 && !sameDim(dim, from[i + lead]));
  if (unclear) return sumToAtRunTime(e, a, like, lead);
  if (axes.length === 0) return a;
  const isLeading = axes.every((axis, i) => axis === i);
  const rest = from.slice(axes.length);
  if (isLeading && isStatic(rest) && sizeOf(rest) >= MIN_SUMMED_WIDTH) {
    return e.reshapeLike(sumOfRows(e, a, sizeOf(rest)), like);
  }
  const summed = e.reduceSum(a, axes);
  const leading = axes.filter((axis) => axis < lead);
  return leading.length > 0 ? e.emit('Squeeze', [summed, e.ints(leading)]) : summed;
}

/** Sums over the axes where the shapes differ, with the shape of `like` led by ones. */
function sumToAtRunTime(e: Emitter, a: string, like: string, lead: number): string {
  const target = e.emit('Shape', [like]);
  const aligned =
    lead > 0 ? e.emit('Concat', [e.ints(Array(lead).fill(1)), target], { attributes: { axis: 0 } }) : target;
  const differs = e.emit('Not', [e.emit('Equal', [e.shapeValue(a), aligned])]);
  const axes = e.flatten(e.emit('NonZero', [differs]));
  const summed = e.emit('ReduceSum', [a, axes], { attributes: { keepdims: 1, noop_with_empty_axes: 1 } });
  return e.assumeShape(e.emit('Reshape', [summed, target]), like);
}
