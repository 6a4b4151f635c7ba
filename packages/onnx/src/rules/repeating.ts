import { addAt, positionsIn } from '../emit/positions.js';
import { sumTo } from '../emit/sum-to.js';
import type { ShapeContext } from '../shapes/context.js';
import { addDims, broadcastShapes, isStatic, normalizeAxis, ShapeConflict, unknownShape } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import type { GradientContext } from './gradient-context.js';
import type { InputGradient, OpRule } from './rule.js';

/** Operators that repeat elements, or pad with them. */

function inferExpand(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  const target = context.input(1).elements;
  if (!shape || !target) {
    const rank = context.shape(1)?.[0];
    const known = shape && typeof rank === 'number' ? Math.max(rank, shape.length) : undefined;
    return [{ type, shape: unknownShape(known) }];
  }
  return [{ type, shape: broadcastShapes([shape, target]) }];
}

function inferPad(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  const pads = context.ints('pads') ?? context.optional(1).elements;
  if (!shape) return [{ type, shape }];
  const axes = (context.has(3) ? context.knownInts(3) : undefined)?.map((axis) => normalizeAxis(axis, shape.length));
  if (!pads || (context.has(3) && !axes)) return [{ type, shape: shape.map(() => null) }];
  const padded = axes ?? shape.map((_, axis) => axis);
  if (pads.length !== 2 * padded.length) throw new ShapeConflict(`${pads.length} pads for ${padded.length} axes`);
  const made = [...shape];
  padded.forEach((axis, i) => {
    made[axis] = [pads[i], pads[i + padded.length]].reduce(addDims, shape[axis]);
  });
  return [{ type, shape: made }];
}

function inferTile(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  const repeats = context.input(1).elements;
  return [
    {
      type,
      shape: shape?.map((dim, axis) =>
        repeats?.[axis] === 1
          ? dim
          : typeof dim === 'number' && typeof repeats?.[axis] === 'number'
            ? dim * repeats[axis]
            : null,
      ),
    },
  ];
}

/**
 * Pad by a constant is undone by padding the other way: what was added is cut off, what was cut off has no gradient. What the
 * padding's value gets is all else of dY. The other modes repeat elements, and dY is added back where each came from.
 */
function padGradient(context: GradientContext): InputGradient[] {
  const { emitter: e, node, dy } = context;
  const [x, pads, value, axes] = [0, 1, 2, 3].map((index) => context.input(index)) as [string, string, string, string];
  const given = axes === '' ? [] : [axes];
  const mode = context.string('mode', 'constant');
  const dx = context.shared(() => {
    if (mode !== 'constant') {
      const origins = e.emit('Pad', [positionsIn(e, x), pads, '', ...given], { attributes: { mode } });
      return addAt(e, x, origins, dy);
    }
    const known = context.knownInts(1);
    const back = known ? e.ints(known.map((count) => -count)) : e.neg(pads);
    return e.emit('Pad', [dy, back, e.scalar(0, dy), ...given]);
  });
  const total = (part: string) => {
    const sum = e.emit('ReduceSum', [part], { attributes: { keepdims: 0 } });
    return e.reshapeLike(sum, value);
  };
  return node.inputs.map((_, index) => {
    if (index === 0) return dx;
    return index === 2 ? () => e.sub(total(dy), total(dx())) : null;
  });
}

/** Tile: dY as `[repeats₀, extent₀, repeats₁, extent₁, …]`, summed over the repeats. */
function tileGradient(context: GradientContext): InputGradient[] {
  const { emitter: e, dy } = context;
  return [
    () => {
      const x = context.input(0);
      const rank = e.rank(x);
      if (rank === 0) return dy;
      const repeats = context.knownInts(1);
      const shape = e.shape(x);
      const column = (vector: string) => e.unsqueeze(vector, [1]);
      const pairs =
        repeats && isStatic(shape)
          ? e.ints(shape.flatMap((dim, axis) => [repeats[axis], dim]))
          : e.flatten(
              e.emit('Concat', [column(context.input(1)), column(e.shapeValue(x))], { attributes: { axis: 1 } }),
            );
      const spread = e.emit('Reshape', [dy, pairs]);
      return e.emit('ReduceSum', [spread, e.ints(shape.map((_, axis) => 2 * axis))], { attributes: { keepdims: 0 } });
    },
  ];
}

export const repeatingRules: OpRule[] = [
  {
    op: 'Expand',
    infer: inferExpand,
    gradient: ({ emitter, node, dy }) => [() => sumTo(emitter, dy, node.inputs[0])],
  },
  { op: 'Pad', infer: inferPad, gradient: padGradient },
  { op: 'Tile', infer: inferTile, gradient: tileGradient },
];
