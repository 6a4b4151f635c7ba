import type { Dim } from '../model.js';
import { sameDim, sameShape } from '../shapes/dims.js';

/**
 * True where two shapes of the same elements are certainly equal: all extents are, or all but one, which then must be, the
 * number of elements being the same.
 */
export function surelySameShape(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): boolean {
  if (sameShape(a, b)) return true;
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  const different = a.filter((dim, i) => !sameDim(dim, b[i]));
  return different.length === 1 && !a.includes(0) && !b.includes(0);
}

/**
 * A constant for the shape input of `Reshape` that turns a tensor of shape `from` into one of shape `to`: 0 copies the extent
 * of the same axis, -1 takes what is left. Undefined where no constant can say it.
 */
export function reshapeTarget(from: readonly Dim[] | undefined, to: readonly Dim[] | undefined): number[] | undefined {
  if (to === undefined || to.includes(0)) return undefined;
  const target = to.map((dim, axis) => {
    if (typeof dim === 'number') return dim;
    return sameDim(from?.[axis], dim) ? 0 : -1;
  });
  return target.filter((dim) => dim === -1).length <= 1 ? target : undefined;
}

/** The permutation of one transpose that does what `first` and then `second` do. */
export function composePermutations(first: readonly number[], second: readonly number[]): number[] {
  return second.map((axis) => first[axis] as number);
}

export function isIdentityPermutation(perm: readonly number[]): boolean {
  return perm.every((axis, i) => axis === i);
}
