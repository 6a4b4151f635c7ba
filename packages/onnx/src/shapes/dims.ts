import type { Dim } from '../model.js';

/**
 * Arithmetic on extents. A number is known, a name (`batch`) is the same wherever it appears, `null` is unknown and equal to
 * nothing. Products and sums of names are again names in a normal form (`384*batch*seq`, `(past + seq)`), so that two ways
 * to the same extent compare equal. What cannot be told becomes `null`: wrong is worse than unknown.
 */

/** Two extents that can never be equal, or a shape that its operator cannot take. Callers add the node. */
export class ShapeConflict extends Error {}

/** True where both are certainly the same extent. */
export function sameDim(a: Dim | undefined, b: Dim | undefined): boolean {
  return a !== null && a !== undefined && a === b;
}

/** No model has more axes; a hostile file may claim billions. */
const MAX_RANK = 64;

/** A shape of known rank and unknown extents; undefined where even the rank is unknown. */
export function unknownShape(rank: Dim | undefined): Dim[] | undefined {
  return typeof rank === 'number' && rank <= MAX_RANK ? Array<Dim>(rank).fill(null) : undefined;
}

export function sameShape(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): boolean {
  return a !== undefined && b !== undefined && a.length === b.length && a.every((dim, i) => sameDim(dim, b[i]));
}

/** True when every extent is a number. */
export function isStatic(shape: readonly Dim[] | undefined): shape is number[] {
  return shape?.every((dim) => typeof dim === 'number') ?? false;
}

/** The extent of two values that must agree: the better known one. */
export function unifyDim(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number' && a !== b) throw new ShapeConflict(`${a} and ${b} must be equal`);
  if (typeof a === 'number') return a;
  if (typeof b === 'number') return b;
  return a ?? b;
}

/** Two shapes of the same value, merged. */
export function unifyShape(a: Dim[] | undefined, b: Dim[] | undefined): Dim[] | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.length !== b.length) throw new ShapeConflict(`${showShape(a)} and ${showShape(b)} differ in rank`);
  return a.map((dim, i) => unifyDim(dim, b[i]));
}

/** Names longer than this are forgotten: joining a value to itself doubles them, which a hostile file may do at every node. */
const MAX_NAME = 256;

/** An extent as arithmetic has made it: unknown where it is no number that JavaScript holds exactly, or too long a name. */
function bounded(dim: number | string): Dim {
  if (typeof dim === 'string') return dim.length <= MAX_NAME ? dim : null;
  return Number.isSafeInteger(dim) ? dim : null;
}

/** Throws for extents that no tensor has. */
export function checkExtents(shape: readonly Dim[] | undefined): void {
  if ((shape?.length ?? 0) > MAX_RANK)
    throw new ShapeConflict(`a rank of ${shape?.length}; at most ${MAX_RANK} is possible`);
  const wrong = shape?.find((dim) => typeof dim === 'number' && (dim < 0 || !Number.isSafeInteger(dim)));
  if (wrong !== undefined) throw new ShapeConflict(`an axis of ${wrong} elements`);
}

/** Numpy's rule for one axis: equal, or one of them 1. */
function broadcastDim(a: Dim, b: Dim): Dim {
  if (a === 1) return b;
  if (b === 1 || sameDim(a, b)) return a;
  if (typeof a === 'number' && typeof b === 'number') throw new ShapeConflict(`${a} and ${b} do not broadcast`);
  if (typeof a === 'number') return a;
  if (typeof b === 'number') return b;
  return null;
}

/** Numpy's broadcasting of any number of shapes, aligned at the last axis. */
export function broadcastShapes(shapes: readonly (readonly Dim[])[]): Dim[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    shapes.reduce<Dim>((dim, shape) => {
      const own = axis - rank + shape.length;
      return own < 0 ? dim : broadcastDim(dim, shape[own]);
    }, 1),
  );
}

/** An axis counted from the front; a negative one counts from the back. */
export function normalizeAxis(axis: number, rank: number): number {
  if (axis < -rank || axis >= rank) throw new ShapeConflict(`axis ${axis} is outside a rank of ${rank}`);
  return axis < 0 ? axis + rank : axis;
}

interface Monomial {
  factor: number;
  names: string[];
}

function parse(dim: number | string): Monomial {
  if (typeof dim === 'number') return { factor: dim, names: [] };
  const names: string[] = [];
  let factor = 1;
  for (const part of splitOutsideParentheses(dim)) {
    if (/^\d+$/.test(part)) factor *= Number(part);
    else names.push(part);
  }
  return { factor, names };
}

function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    else if (text[i] === '*' && depth === 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

function format({ factor, names }: Monomial): Dim {
  if (!Number.isSafeInteger(factor)) return null;
  if (names.length === 0 || factor === 0) return factor;
  return bounded([...(factor === 1 ? [] : [String(factor)]), ...names.toSorted()].join('*'));
}

/** The product; 0 where any factor is 0. */
export function multiplyDims(dims: readonly Dim[]): Dim {
  if (dims.includes(0)) return 0;
  if (dims.includes(null)) return null;
  const product: Monomial = { factor: 1, names: [] };
  for (const dim of dims) {
    const { factor, names } = parse(dim as number | string);
    product.factor *= factor;
    product.names.push(...names);
  }
  return format(product);
}

/** `a / b` where it is whole; `null` where that cannot be told, a conflict where it cannot be. */
export function divideDims(a: Dim, b: Dim): Dim {
  if (a === null || b === null || b === 0) return null;
  const left = parse(a);
  const right = parse(b);
  for (const name of right.names) {
    const at = left.names.indexOf(name);
    if (at < 0) return null;
    left.names.splice(at, 1);
  }
  const factor = left.factor / right.factor;
  if (Number.isInteger(factor)) return format({ factor, names: left.names });
  if (left.names.length === 0 && right.names.length === 0) throw new ShapeConflict(`${a} is not a multiple of ${b}`);
  return null;
}

/** The sum of two extents. */
export function addDims(a: Dim, b: Dim): Dim {
  if (a === null || b === null) return null;
  if (typeof a === 'number' && typeof b === 'number') return bounded(a + b);
  if (a === 0) return b;
  if (b === 0) return a;
  // Names before numbers, so that `seq + 1` and `1 + seq` are the same name.
  return bounded(`(${[String(a), String(b)].toSorted((x, y) => (x < y ? 1 : -1)).join(' + ')})`);
}

/** `a - b`; only what certainly cancels is known. */
export function subtractDims(a: Dim, b: Dim): Dim {
  if (a === null || b === null) return null;
  if (b === 0) return a;
  if (a === b) return 0;
  return typeof a === 'number' && typeof b === 'number' ? bounded(a - b) : null;
}

function showShape(shape: readonly Dim[] | undefined): string {
  return shape === undefined ? '(unknown rank)' : `[${shape.map((dim) => dim ?? '?').join(', ')}]`;
}
