import { int64Vector } from '../tensor.js';
import type { Emitter } from './emitter.js';
import { type Extent, extentsOf, fitTo, shapeVector } from './shaping.js';

/** How a kernel slides along one axis. All in elements. */
export interface Sliding {
  kernel: number;
  stride: number;
  dilation: number;
  /** Zeros (or nothing, in a pool) that count as input before and behind it. */
  begin: number;
  end: number;
}

/** Elements from the first to the last that the kernel touches at once. */
export function spanOf({ kernel, dilation }: Pick<Sliding, 'kernel' | 'dilation'>): number {
  return dilation * (kernel - 1) + 1;
}

/**
 * The two gradients of a convolution (Dumoulin and Visin 2016, "A guide to convolution arithmetic"), which pools and transposed
 * convolutions are made of as well. Along one axis, with stride s, dilation d and `begin` elements of padding before:
 *
 *     y[m, o] = Σ_c,t w[m, c, t] · x[c, o·s + t·d - begin]
 */

/**
 * dL/dx: every element of `dy` goes, times the kernel, to where the kernel had read, which is a transposed convolution.
 *
 * @param dy `[batch, out, windows…]`.
 * @param kernel `[out, in / group, kernel…]`.
 * @param like a value of the shape of x, `[batch, in, …]`.
 * @param exact that the windows are as many as fit, so that with a stride of 1 nothing is left over.
 */
export function slideBack(
  e: Emitter,
  {
    dy,
    kernel,
    like,
    windows,
    group = 1,
    exact = true,
  }: {
    dy: string;
    kernel: string;
    like: string;
    windows: Sliding[];
    group?: number;
    exact?: boolean;
  },
): string {
  const [extents, counts] = [e.shape(like).slice(2), e.shape(dy).slice(2)];
  /** How far the last window reaches beyond x (its padding) or, where negative, how much of x it leaves out. */
  const beyond = windows.map((window, axis) => {
    const [extent, count] = [extents[axis], counts[axis]];
    if (typeof extent === 'number' && typeof count === 'number') {
      return (count - 1) * window.stride + spanOf(window) - window.begin - extent;
    }
    return exact && window.stride === 1 ? window.end : undefined;
  });
  const known = beyond.every((count) => count !== undefined);
  const attributes = {
    group,
    strides: windows.map(({ stride }) => stride),
    dilations: windows.map(({ dilation }) => dilation),
    pads: [...windows.map(({ begin }) => begin), ...beyond.map((count) => (known ? Math.max(0, count as number) : 0))],
    output_padding: beyond.map((count) => (known ? Math.max(0, -(count as number)) : 0)),
  };
  // An output_padding must be smaller than the stride, which no remainder of a division by it exceeds; a last window of a
  // pool may be cut off all the same.
  const tight = windows.every(({ stride }, axis) => attributes.output_padding[axis] < stride);
  if (known && tight) return e.assumeShape(e.emit('ConvTranspose', [dy, kernel], { attributes }), like);
  const pads = [...windows.map(({ begin }) => begin), ...windows.map(() => 0)];
  const output_padding = windows.map(() => 0);
  return fitTo(e, e.emit('ConvTranspose', [dy, kernel], { attributes: { ...attributes, pads, output_padding } }), like);
}

/**
 * dL/dw: `dw[m, c, t] = Σ_n,o dy[n, m, o] · x[n, c, o·s + t·d - begin]`, again a convolution: of x by dy, with batch and channels
 * swapped, stride and dilation too.
 *
 * @param like a value of the shape of w, `[out, in / group, kernel…]`.
 */
export function kernelGradient(
  e: Emitter,
  { x, dy, like, windows, group }: { x: string; dy: string; like: string; windows: Sliding[]; group: number },
): string {
  const axes = windows.map((_, axis) => axis + 2);
  const [input, kernel] =
    group === 1 ? [swap(e, x), swap(e, dy)] : [groupedInput(e, x, group), groupedKernel(e, dy, group)];
  const slid = e.emit('Conv', [input, kernel], {
    attributes: {
      group,
      strides: windows.map(({ dilation }) => dilation),
      dilations: windows.map(({ stride }) => stride),
      pads: [...windows.map(({ begin }) => begin), ...windows.map(({ end }) => end)],
    },
  });
  // Where a stride left elements over, the kernel fits at more places than it has elements.
  const surplus = windows.some(({ stride }) => stride > 1);
  const sizes = e.constant(int64Vector(windows.map(({ kernel }) => kernel)));
  const cut = surplus ? e.emit('Slice', [slid, e.ints(axes.map(() => 0)), sizes, e.ints(axes)]) : slid;
  return e.assumeShape(swap(e, cut), like);
}

/** The first two axes exchanged. */
function swap(e: Emitter, value: string): string {
  return e.transpose(value, [
    1,
    0,
    ...e
      .shape(value)
      .slice(2)
      .map((_, axis) => axis + 2),
  ]);
}

/** `[batch, channels, …]` with the channels as `[group, channels / group]`. */
function splitChannels(e: Emitter, value: string, group: number): string {
  const shape: Extent[] = [{ of: value, axis: 0 }, group, -1, ...extentsOf(e, value, 2)];
  return e.emit('Reshape', [value, shapeVector(e, shape)]);
}

/** `[batch, group·c, …]` as `[c, group·batch, …]`. */
function groupedInput(e: Emitter, x: string, group: number): string {
  const rest = e
    .shape(x)
    .slice(2)
    .map((_, axis) => axis + 3);
  const moved = e.transpose(splitChannels(e, x, group), [2, 1, 0, ...rest]);
  const shape: Extent[] = [{ of: moved, axis: 0 }, -1, ...extentsOf(e, x, 2)];
  return e.emit('Reshape', [moved, shapeVector(e, shape)]);
}

/** `[batch, group·m, …]` as `[group·m, batch, …]`, the order in which a convolution of that many groups wants its kernels. */
function groupedKernel(e: Emitter, dy: string, group: number): string {
  const rest = e
    .shape(dy)
    .slice(2)
    .map((_, axis) => axis + 3);
  const moved = e.transpose(splitChannels(e, dy, group), [1, 2, 0, ...rest]);
  return e.emit('Reshape', [moved, shapeVector(e, [-1, { of: dy, axis: 0 }, ...extentsOf(e, dy, 2)])]);
}
