import type { Emitter } from '../emit/emitter.js';
import type { OpRule } from '../rules/rule.js';
import type { UnfuseContext } from '../rules/unfuse-context.js';
import type { ShapeContext } from '../shapes/context.js';
import type { Facts } from '../shapes/facts.js';
import { headCount, ofRank, splitEvenly } from './heads.js';
import { countTo } from './masks.js';

/** Rotary position embeddings (Su et al. 2021): pairs of features turn by an angle that grows with the position. */

interface Rotation {
  /** `[batch, heads, tokens, width]` or `[batch, tokens, heads, width]`. */
  x: string;
  /** Broadcasts to x with half as many features. */
  cos: string;
  sin: string;
  /** Whether pairs are neighbours, and not the first half and the second. */
  interleaved: boolean;
  /** How many features turn, from the first on; 0 for all. */
  turning: number;
}

/** (a, b) becomes (a·cos - b·sin, a·sin + b·cos), for every pair of features. */
export function rotate(e: Emitter, { x, cos, sin, interleaved, turning }: Rotation): string {
  const all = turning === 0 || e.shape(x).at(-1) === turning;
  const cut = (from: number, to: number) => e.emit('Slice', [x, e.ints([from]), e.ints([to]), e.ints([-1])]);
  const turned = rotateAll(e, { x: all ? x : cut(0, turning), cos, sin, interleaved });
  if (all) return e.assumeShape(turned, x);
  const rest = cut(turning, Number.MAX_SAFE_INTEGER);
  return e.assumeShape(e.emit('Concat', [turned, rest], { attributes: { axis: -1 } }), x);
}

function rotateAll(e: Emitter, { x, cos, sin, interleaved }: Omit<Rotation, 'turning'>): string {
  // Neighbours get an axis of their own, [..., pairs, 2].
  const column = (value: string) => (interleaved ? e.unsqueeze(value, [-1]) : value);
  const pairs = interleaved ? e.emit('Reshape', [x, e.ints([0, 0, 0, -1, 2])]) : x;
  const [a, b] = splitEvenly(e, pairs, 2, -1) as [string, string];
  const [c, s] = [column(cos), column(sin)];
  const turned = [e.sub(e.mul(a, c), e.mul(b, s)), e.addTo(e.mul(a, s), e.mul(b, c))];
  const joined = e.emit('Concat', turned, { attributes: { axis: -1 } });
  return interleaved ? e.emit('Reshape', [joined, e.ints([0, 0, 0, -1])]) : joined;
}

/** A table's rows (cosines or sines, `[positions, pairs]`) so that they broadcast over x. */
export function rowsFor(e: Emitter, table: string, positions: string | undefined, headsAxis: 1 | 2): string {
  const rows = positions === undefined ? table : e.emit('Gather', [table, positions], { attributes: { axis: 0 } });
  // Of a batch [batch, tokens, pairs]; of the same positions in all sequences [tokens, pairs].
  if (e.rank(rows) === 3) return e.unsqueeze(rows, [headsAxis]);
  return headsAxis === 1 ? rows : e.unsqueeze(rows, [1]);
}

function unfuseMicrosoft(context: UnfuseContext): string[] {
  context.refuseAttributes({ is_packed_batching: 0 });
  if (context.float('scale', 1) !== 1) context.refuse('its attribute scale is not supported');
  const { emitter: e } = context;
  const isFlat = e.rank(context.input(0)) === 3;
  const x = isFlat ? e.emit('Reshape', [context.input(0), e.ints(microsoftHeads(context))]) : context.input(0);
  const given = context.input(1);
  // One position is that of the first token of every sequence, the others follow it.
  const positions =
    e.rank(given) === 1
      ? e.addTo(countTo(e, e.extent(context.input(0), isFlat ? 1 : 2)), e.cast(given, 'int64'))
      : given;
  return turn(context, { x, positions, cos: 2, sin: 3, isFlat });
}

/** The shape that splits the heads of `[batch, tokens, heads·width]`. */
function microsoftHeads(context: UnfuseContext): number[] {
  const heads = context.int('num_heads', 0);
  if (heads > 0) return [0, 0, heads, -1];
  const pairs = context.emitter.shape(context.input(2)).at(-1);
  if (context.int('rotary_embedding_dim', 0) > 0 || typeof pairs !== 'number') {
    context.refuse('without its attribute num_heads nothing tells the number of heads');
  }
  return [0, 0, -1, 2 * pairs];
}

function unfuseOnnx(context: UnfuseContext): string[] {
  const { emitter: e } = context;
  const isFlat = e.rank(context.input(0)) === 3;
  const heads = isFlat ? headCount(context, 'num_heads') : 0;
  const x = isFlat ? e.emit('Reshape', [context.input(0), e.ints([0, 0, heads, -1])]) : context.input(0);
  return turn(context, { x, positions: context.has(3) ? context.input(3) : undefined, cos: 1, sin: 2, isFlat });
}

/** @param at x with its heads split, and at which inputs the tables are. */
function turn(
  context: UnfuseContext,
  at: { x: string; positions: string | undefined; cos: number; sin: number; isFlat: boolean },
): string[] {
  const { emitter: e } = context;
  const [cos, sin] = [at.cos, at.sin].map((index) =>
    rowsFor(e, context.input(index), at.positions, at.isFlat ? 2 : 1),
  ) as [string, string];
  const turned = rotate(e, {
    x: at.x,
    cos,
    sin,
    interleaved: context.int('interleaved', 0) !== 0,
    turning: context.int('rotary_embedding_dim', 0),
  });
  return [at.isFlat ? e.emit('Reshape', [turned, e.ints([0, 0, -1])]) : turned];
}

function inferRotary(context: ShapeContext): Facts[] {
  const { type } = context.input(0);
  return [{ type, shape: ofRank(context.shape(0), 3, 4) }];
}

export const rotaryRules: OpRule[] = [
  {
    op: 'RotaryEmbedding',
    domain: 'com.microsoft',
    infer: inferRotary,
    unfuse: unfuseMicrosoft,
  },
  { op: 'RotaryEmbedding', infer: inferRotary, unfuse: unfuseOnnx },
];
