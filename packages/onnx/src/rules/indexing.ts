import { addAt, positionsIn } from '../emit/positions.js';
import { UnsupportedUse } from '../emit/refusals.js';
import type { ShapeContext } from '../shapes/context.js';
import { normalizeAxis, ShapeConflict } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import { sameAsInput } from './elementwise.js';
import type { GradientContext } from './gradient-context.js';
import type { InputGradient, OpRule } from './rule.js';

/** Operators that pick elements by computed positions: the gradient of what was picked is added back at those positions. */

function inferGather(context: ShapeContext): Facts[] {
  const data = context.input(0);
  const indices = context.input(1);
  if (!data.shape || !indices.shape) return [{ type: data.type, shape: undefined }];
  const axis = normalizeAxis(context.int('axis', 0), data.shape.length);
  const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
  const positions = context.knownInts(1);
  const elements = data.shape.length === 1 && shape.length <= 1 ? data.elements : undefined;
  return [{ type: data.type, shape, elements: elements && positions?.map((i) => elements.at(i) ?? null) }];
}

/** dY with the axes of the indices made one, and the indices as the vector that goes with it. */
function picked(context: GradientContext, axis: number): { indices: string; slices: string } {
  const { emitter: e, dy } = context;
  const indices = context.input(1);
  const rank = e.rank(indices);
  const column = e.facts(indices).type === 'int64' ? indices : e.cast(indices, 'int64');
  if (rank === 1) return { indices: column, slices: dy };
  if (rank === 0) return { indices: e.unsqueeze(column, [0]), slices: e.unsqueeze(dy, [axis]) };
  const shape = context.shape(0);
  // Extents before the axis stand where they stood; those after it moved, and must be numbers (or at most one computed).
  const target = [...shape.slice(0, axis).map(() => 0), -1, ...shape.slice(axis + 1)];
  if (target.every((dim) => typeof dim === 'number' && (dim !== 0 || axis > 0))) {
    return { indices: e.flatten(column), slices: e.emit('Reshape', [dy, e.ints(target as number[])]) };
  }
  const dims = e.shapeValue(context.input(0));
  const part = (from: number, to: number) => e.emit('Slice', [dims, e.ints([from]), e.ints([to])]);
  const spread = e.emit('Concat', [part(0, axis), e.ints([-1]), part(axis + 1, shape.length)], {
    attributes: { axis: 0 },
  });
  return { indices: e.flatten(column), slices: e.emit('Reshape', [dy, spread]) };
}

function gatherGradient(context: GradientContext): InputGradient[] {
  return [
    () => {
      const axis = context.axis(0);
      const { indices, slices } = picked(context, axis);
      return context.emitter.scatterAdd(context.input(0), axis, indices, slices);
    },
    null,
  ];
}

function inferGatherElements(context: ShapeContext): Facts[] {
  return [{ type: context.input(0).type, shape: context.shape(1) }];
}

export const indexingRules: OpRule[] = [
  {
    op: 'Gather',
    infer: inferGather,
    gradient: gatherGradient,
    /** A table's rows: dY itself, one row per index. No dense table is ever made. */
    sparseGradient: (context) => {
      if (context.axis(0) !== 0) return undefined;
      const { indices, slices } = picked(context, 0);
      return { indices, rows: slices };
    },
  },
  {
    op: 'GatherElements',
    infer: inferGatherElements,
    gradient: (context) => [
      () => {
        const { emitter: e } = context;
        const data = context.input(0);
        return e.scatterElements(e.zerosLike(data), context.input(1), context.dy, context.axis(0), false);
      },
      null,
    ],
  },
  {
    op: 'GatherND',
    infer: inferGatherNd,
    gradient: (context) => [
      () => {
        const { emitter: e } = context;
        const data = context.input(0);
        const attributes = { batch_dims: context.int('batch_dims', 0) };
        const origins = e.emit('GatherND', [positionsIn(e, data), context.input(1)], { attributes });
        return addAt(e, data, origins, context.dy);
      },
      null,
    ],
  },
  {
    op: 'ScatterElements',
    infer: (context) => [sameAsInput(context)],
    gradient: (context) => {
      const attributes = { axis: context.axis(0) };
      return scatterGradient(context, 'ScatterElements', 'GatherElements', attributes);
    },
  },
  {
    op: 'ScatterND',
    infer: (context) => [sameAsInput(context)],
    gradient: (context) => scatterGradient(context, 'ScatterND', 'GatherND', {}),
  },
];

/**
 * Data with updates written over it, or added to it, at some places: dY is the gradient of the data (but for what was written
 * over), and what stands at those places that of the updates. Where a place is written twice, ONNX leaves the result open.
 */
function scatterGradient(
  context: GradientContext,
  scatter: string,
  gather: string,
  attributes: Record<string, number>,
): InputGradient[] {
  const { emitter: e, dy } = context;
  const [, indices, updates] = context.node.inputs as [string, string, string];
  const reduction = context.string('reduction', 'none');
  if (reduction !== 'none' && reduction !== 'add') throw new UnsupportedUse(`the reduction "${reduction}"`);
  return [
    () => (reduction === 'add' ? dy : e.emit(scatter, [dy, indices, e.zerosLike(updates)], { attributes })),
    null,
    () => e.emit(gather, [dy, indices], { attributes }),
  ];
}

/** `x[indices]`: the last axis of the indices counts into the first axes of x. */
function inferGatherNd(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  const indices = context.shape(1);
  const depth = indices?.at(-1);
  if (!shape || !indices || typeof depth !== 'number') return [{ type, shape: undefined }];
  const batch = context.int('batch_dims', 0);
  if (batch + depth > shape.length) throw new ShapeConflict(`indices of ${depth} axes are more than the data has`);
  return [{ type, shape: [...indices.slice(0, -1), ...shape.slice(batch + depth)] }];
}
