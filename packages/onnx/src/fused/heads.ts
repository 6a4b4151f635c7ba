import type { Emitter } from '../emit/emitter.js';
import type { Dim } from '../model.js';
import type { NodeReader } from '../shapes/context.js';
import { ShapeConflict } from '../shapes/dims.js';

/** Moves between the layout of projections, `[batch, tokens, heads·width]`, and that of attention, `[batch, heads, tokens, width]`. */

/** The attribute that says how many heads there are. */
export function headCount(reader: NodeReader, attribute: string): number {
  const heads = reader.int(attribute, 0);
  if (heads < 1) throw new ShapeConflict(`its attribute ${attribute} is ${heads || 'missing'}; it must be at least 1`);
  return heads;
}

/** Two attributes: the heads of queries, and of the keys that they share evenly. */
export function groupedHeads(reader: NodeReader, attribute: string, keyAttribute: string): [number, number] {
  return evenly(headCount(reader, attribute), headCount(reader, keyAttribute));
}

/** Both numbers, of query heads and of key heads, if each key head serves as many query heads as the others. */
export function evenly(heads: number, keyHeads: number): [number, number] {
  if (keyHeads > 0 && heads % keyHeads === 0) return [heads, keyHeads];
  throw new ShapeConflict(`${heads} query heads cannot share ${keyHeads} key heads evenly`);
}

/** A shape that must have one of these ranks. */
export function ofRank(shape: Dim[] | undefined, ...ranks: number[]): Dim[] | undefined {
  if (shape === undefined || ranks.includes(shape.length)) return shape;
  throw new ShapeConflict(`an input has ${shape.length} axes; it must have ${ranks.join(' or ')}`);
}

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
