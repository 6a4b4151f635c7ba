import type { Emitter } from '../gradient/emitter.js';

/** Moves between the layout of projections, `[batch, tokens, heads·width]`, and that of attention, `[batch, heads, tokens, width]`. */

/** `[batch, tokens, heads·width]` to `[batch, heads, tokens, width]`. */
export function splitHeads(e: Emitter, value: string, heads: number): string {
  // In Reshape, 0 copies the extent of the same axis.
  return e.transpose(e.emit('Reshape', [value, e.ints([0, 0, heads, -1])]), [0, 2, 1, 3]);
}

/** `[batch, heads, tokens, width]` to `[batch, tokens, heads·width]`. */
export function joinHeads(e: Emitter, value: string): string {
  return e.emit('Reshape', [e.transpose(value, [0, 2, 1, 3]), e.ints([0, 0, -1])]);
}

/** `count` equal parts along an axis. */
export function splitEvenly(e: Emitter, value: string, count: number, axis: number): string[] {
  const outputs = Array.from({ length: count }, () => e.name('Split'));
  // Since opset 18 an attribute says the number; before, the outputs do.
  const attributes: Record<string, number> = e.opset >= 18 ? { axis, num_outputs: count } : { axis };
  return e.emitMany('Split', [value], { outputs, attributes });
}

/** Parts of the given sizes (an int64 vector) along an axis. */
export function splitInto(e: Emitter, value: string, sizes: string, count: number, axis: number): string[] {
  const outputs = Array.from({ length: count }, () => e.name('Split'));
  return e.emitMany('Split', [value, sizes], { outputs, attributes: { axis } });
}
