import type { Emitter } from './emitter.js';

/** Shapes put together from what is known now and what only the running graph knows. */

/** One extent of a target shape: a number (-1 is what remains, as in Reshape), or that of a value at an axis. */
export type Extent = number | { of: string; axis: number };

/** The int64 vector of such extents: a constant where all of them are known. */
export function shapeVector(e: Emitter, extents: Extent[]): string {
  const known = extents.map((extent) => {
    if (typeof extent === 'number') return extent;
    const dim = e.shape(extent.of)[extent.axis];
    return typeof dim === 'number' ? dim : extent;
  });
  if (known.every((extent) => typeof extent === 'number')) return e.ints(known);
  const parts = known.map((extent) => {
    if (typeof extent === 'number') return e.ints([extent]);
    return e.emit('Slice', [e.shapeValue(extent.of), e.ints([extent.axis]), e.ints([extent.axis + 1])]);
  });
  return e.emit('Concat', parts, { attributes: { axis: 0 } });
}

/** The extents of `value` from axis `from` on. */
export function extentsOf(e: Emitter, value: string, from: number): Extent[] {
  return e
    .shape(value)
    .slice(from)
    .map((_, i) => ({ of: value, axis: from + i }));
}

/** `value` cut off, or continued with zeros, at the end of each axis to the shape of `like`, which is of the same rank. */
export function fitTo(e: Emitter, value: string, like: string): string {
  const missing = e.sub(e.shapeValue(like), e.shapeValue(value));
  const before = e.ints(Array<number>(e.rank(value)).fill(0));
  const pads = e.emit('Concat', [before, missing], { attributes: { axis: 0 } });
  return e.assumeShape(e.emit('Pad', [value, pads, e.scalar(0, value)]), like);
}

/** The mean over some axes, whose extents become 1. Opset 18 made the axes an input. */
export function meanOver(e: Emitter, value: string, axes: number[]): string {
  if (e.opset >= 18) return e.emit('ReduceMean', [value, e.ints(axes)], { attributes: { keepdims: 1 } });
  return e.emit('ReduceMean', [value], { attributes: { axes, keepdims: 1 } });
}

/** The sum over all axes but the second, that of the channels: `[batch, channels, …]` → `[channels]`. */
export function channelSum(e: Emitter, value: string): string {
  const axes = e.shape(value).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  return e.emit('ReduceSum', [value, e.ints(axes)], { attributes: { keepdims: 0 } });
}
