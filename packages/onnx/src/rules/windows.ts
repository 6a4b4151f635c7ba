import { UnsupportedUse } from '../emit/refusals.js';
import { type Sliding, spanOf } from '../emit/sliding.js';
import type { Dim } from '../model.js';
import type { NodeReader, ShapeContext } from '../shapes/context.js';
import { ShapeConflict } from '../shapes/dims.js';
import type { GradientContext } from './gradient-context.js';

/** What convolutions and pools have in common: a kernel that slides along the axes after batch and channels. */

/** One whole number of at least `min` per axis, `min` of 0 or 1 being the default. */
function perAxis(node: NodeReader, name: string, count: number, min: 0 | 1): number[] {
  const given = node.ints(name);
  if (given === undefined || given.length === 0) return Array<number>(count).fill(min);
  if (given.length !== count) throw new ShapeConflict(`${given.length} ${name} for ${count}`);
  if (given.some((value) => value < min || !Number.isSafeInteger(value))) {
    throw new ShapeConflict(`${name} of [${given}]`);
  }
  return given;
}

/** The extents of the input after batch and channels. */
function spatial(shape: readonly Dim[]): Dim[] {
  if (shape.length < 3) throw new ShapeConflict('its input has no axes after batch and channels');
  return shape.slice(2);
}

/**
 * The extents of what comes out of the windows along `shape` (`[batch, channels, …]`), by ONNX's formulae.
 *
 * @param kernel extents of the kernel; `null` where they are not known.
 */
export function slidOver(context: ShapeContext, shape: readonly Dim[], kernel: readonly Dim[]): Dim[] {
  const extents = spatial(shape);
  const strides = perAxis(context, 'strides', extents.length, 1);
  const dilations = perAxis(context, 'dilations', extents.length, 1);
  const pads = perAxis(context, 'pads', 2 * extents.length, 0);
  const autoPad = context.string('auto_pad', 'NOTSET');
  const ceil = context.int('ceil_mode', 0) !== 0;
  return extents.map((extent, axis) => {
    const stride = strides[axis];
    if (autoPad.startsWith('SAME')) {
      if (stride === 1) return extent;
      return typeof extent === 'number' ? Math.ceil(extent / stride) : null;
    }
    const [begin, end] = autoPad === 'VALID' ? [0, 0] : [pads[axis], pads[axis + extents.length]];
    const size = kernel[axis] ?? null;
    // As much padding as the kernel reaches out: the extent stays, whatever it is.
    const span = typeof size === 'number' ? spanOf({ kernel: size, dilation: dilations[axis] }) : null;
    if (stride === 1 && span !== null && span >= 1 && begin + end === span - 1) return extent;
    if (typeof extent !== 'number' || typeof size !== 'number') return null;
    const room = extent + begin + end - spanOf({ kernel: size, dilation: dilations[axis] });
    if (size < 1 || room < 0) throw new ShapeConflict(`a kernel of ${size} does not fit into ${extent} elements`);
    if (!ceil) return Math.floor(room / stride) + 1;
    // A last window that would start behind the input and its first padding sees nothing: it is left out.
    const count = Math.ceil(room / stride) + 1;
    return (count - 1) * stride >= extent + begin ? count - 1 : count;
  });
}

/**
 * The windows of a node, `SAME` padding spelt out in numbers.
 *
 * @param shape of the input, `[batch, channels, …]`.
 */
export function slidingOf(context: GradientContext, shape: readonly Dim[], kernel: readonly number[]): Sliding[] {
  const extents = spatial(shape);
  const strides = perAxis(context, 'strides', extents.length, 1);
  const dilations = perAxis(context, 'dilations', extents.length, 1);
  const pads = perAxis(context, 'pads', 2 * extents.length, 0);
  const autoPad = context.string('auto_pad', 'NOTSET');
  return extents.map((extent, axis) => {
    const window = { kernel: kernel[axis], stride: strides[axis], dilation: dilations[axis] };
    if (autoPad === 'VALID') return { ...window, begin: 0, end: 0 };
    if (autoPad.startsWith('SAME')) return { ...window, ...samePadding(window, extent, autoPad === 'SAME_LOWER') };
    return { ...window, begin: pads[axis], end: pads[axis + extents.length] };
  });
}

/** As much padding as makes the output ⌈extent / stride⌉ long; of an odd number, the one more goes to the end, or `lower`. */
function samePadding(window: Omit<Sliding, 'begin' | 'end'>, extent: Dim, lower: boolean) {
  const { stride } = window;
  if (stride !== 1 && typeof extent !== 'number') {
    throw new UnsupportedUse('auto_pad with a stride needs the extents of its input known before the graph runs');
  }
  const moved = typeof extent === 'number' ? (Math.ceil(extent / stride) - 1) * stride - extent : -1;
  const total = Math.max(0, moved + spanOf(window));
  const half = Math.floor(total / 2);
  return lower ? { begin: total - half, end: half } : { begin: half, end: total - half };
}

/** The kernel's extents: the attribute `kernel_shape`, or else those of the weights `[out, in, …]`. */
export function kernelOf(node: NodeReader, axes: number, weights?: readonly Dim[]): readonly Dim[] | undefined {
  const given = node.ints('kernel_shape');
  return given === undefined || given.length === 0 ? weights?.slice(2) : perAxis(node, 'kernel_shape', axes, 1);
}
