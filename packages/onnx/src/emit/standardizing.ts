import type { Emitter } from './emitter.js';
import { meanOver } from './shaping.js';

/** `x̂ = (x - mean) · r` with `r = 1/√(variance + ε)` over some axes, and what its gradient needs. */
export interface Standardized {
  /** x̂, of the shape of x. */
  normalized: string;
  /** r, with ones in place of the axes. */
  inverse: string;
  axes: number[];
  /** Whether the mean was taken off first. */
  centred: boolean;
}

/** Computes x̂ and r anew, for operators that do not give them as outputs; uncentred, `r = 1/√(mean(x²) + ε)`. */
export function standardize(
  e: Emitter,
  x: string,
  { axes, epsilon, centred }: { axes: number[]; epsilon: number; centred: boolean },
): Standardized {
  const from = centred ? e.sub(x, meanOver(e, x, axes)) : x;
  const variance = meanOver(e, e.mul(from, from), axes);
  const inverse = e.emit('Reciprocal', [e.emit('Sqrt', [e.addTo(variance, e.scalar(epsilon, x))])]);
  return { normalized: e.mul(from, inverse), inverse, axes, centred };
}

/**
 * dL/dx from g = dL/dx̂: `r · (g - mean(g) - x̂·mean(g·x̂))`, without mean(g) where x was not centred (Ba et al. 2016; Zhang and
 * Sennrich 2019).
 */
export function unstandardize(e: Emitter, { normalized, inverse, axes, centred }: Standardized, g: string): string {
  const shifted = centred ? e.sub(g, meanOver(e, g, axes)) : g;
  return e.mul(e.sub(shifted, e.mul(normalized, meanOver(e, e.mul(g, normalized), axes))), inverse);
}
