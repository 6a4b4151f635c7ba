import type { Dim } from '../model.js';
import { fromProtoType } from '../proto-types.js';
import type { ShapeContext } from '../shapes/context.js';
import { divideDims, multiplyDims, normalizeAxis, ShapeConflict, sameDim, unknownShape } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import type { GradientContext } from './gradient-context.js';
import type { InputGradient, OpRule } from './rule.js';

/** Operators that move elements about without changing, dropping or repeating any: the gradient is moved back. */

/** Any change of shape is undone by a Reshape. */
function reshapeBack({ emitter, node, dy }: GradientContext): InputGradient[] {
  return [() => emitter.reshapeLike(dy, node.inputs[0])];
}

function inferReshape(context: ShapeContext): Facts[] {
  const { type, shape: from } = context.input(0);
  const target = context.has(1) ? context.input(1).elements : context.ints('shape');
  if (target === undefined) {
    const rank = context.optional(1).shape?.[0];
    return [{ type, shape: unknownShape(rank) }];
  }
  const copiesZero = context.int('allowzero', 0) === 0;
  const shape = target.map((dim, axis) => (dim === 0 && copiesZero ? (from ? (from[axis] ?? null) : null) : dim));
  const inferred = shape.indexOf(-1);
  if (inferred >= 0) {
    shape[inferred] = null;
    if (from) shape[inferred] = divideDims(...withoutCommon(from, shape.toSpliced(inferred, 1)));
  } else if (from?.every(isNumber) && shape.every(isNumber) && multiplyDims(from) !== multiplyDims(shape)) {
    throw new ShapeConflict(`${multiplyDims(from)} elements do not fit the shape [${shape}]`);
  }
  return [{ type, shape, elements: shape.length <= 1 ? context.input(0).elements : undefined }];
}

function isNumber(dim: Dim): dim is number {
  return typeof dim === 'number';
}

/** Products of two lists of extents, after leaving out those that stand in both. */
function withoutCommon(all: Dim[], some: Dim[]): [Dim, Dim] {
  const rest = [...all];
  const other = some.filter((dim) => {
    const at = rest.findIndex((own) => sameDim(own, dim));
    if (at >= 0 && dim !== 0) rest.splice(at, 1);
    return at < 0 || dim === 0;
  });
  return [multiplyDims(rest), multiplyDims(other)];
}

function inferFlatten(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  if (!shape) return [{ type, shape: [null, null] }];
  const given = context.int('axis', 1);
  const axis = given === shape.length ? given : normalizeAxis(given, shape.length);
  return [{ type, shape: [multiplyDims(shape.slice(0, axis)), multiplyDims(shape.slice(axis))] }];
}

function inferSqueeze(context: ShapeContext): Facts[] {
  const { type, shape, elements } = context.input(0);
  const axes = context.axes();
  if (!shape || axes === undefined) return [{ type, shape: undefined }];
  if (axes === 'all') {
    const certain = shape.every(isNumber);
    return [
      { type, shape: certain ? shape.filter((dim) => dim !== 1) : undefined, elements: certain ? elements : undefined },
    ];
  }
  const gone = new Set(axes.map((axis) => normalizeAxis(axis, shape.length)));
  for (const axis of gone) {
    const dim = shape[axis];
    if (typeof dim === 'number' && dim !== 1)
      throw new ShapeConflict(`axis ${axis} has ${dim} elements and cannot be squeezed`);
  }
  return [{ type, shape: shape.filter((_, axis) => !gone.has(axis)), elements }];
}

function inferUnsqueeze(context: ShapeContext): Facts[] {
  const { type, shape, elements } = context.input(0);
  const axes = context.axes();
  if (!shape || axes === undefined || axes === 'all') return [{ type, shape: undefined }];
  const rank = shape.length + axes.length;
  const added = new Set(axes.map((axis) => normalizeAxis(axis, rank)));
  if (added.size !== axes.length) throw new ShapeConflict(`the axes [${axes}] repeat`);
  const rest = [...shape];
  const made = Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.shift() as Dim)));
  return [{ type, shape: made, elements: rank <= 1 ? elements : undefined }];
}

function inferTranspose(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  if (!shape) return [{ type, shape }];
  const permutation = permutationOf(context, shape.length);
  if (permutation.toSorted((a, b) => a - b).some((axis, i) => axis !== i) || permutation.length !== shape.length) {
    throw new ShapeConflict(`perm [${permutation}] is no permutation of ${shape.length} axes`);
  }
  return [{ type, shape: permutation.map((axis) => shape[axis]) }];
}

/** Reversed axes where none are given. */
function permutationOf(context: ShapeContext | GradientContext, rank: number): number[] {
  return context.ints('perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
}

export const layoutRules: OpRule[] = [
  {
    op: 'Identity',
    infer: (context) => [context.input(0)],
    gradient: ({ dy }) => [() => dy],
  },
  {
    op: 'Cast',
    infer: (context) => {
      const { shape, elements } = context.input(0);
      const type = fromProtoType(context.int('to', 0));
      return [{ type, shape, elements: type === 'int64' || type === 'int32' ? elements : undefined }];
    },
    gradient: ({ emitter, node, dy }) => [() => emitter.cast(dy, emitter.facts(node.inputs[0]).type ?? 'float32')],
  },
  { op: 'Reshape', infer: inferReshape, gradient: reshapeBack },
  { op: 'Flatten', infer: inferFlatten, gradient: reshapeBack },
  { op: 'Squeeze', infer: inferSqueeze, gradient: reshapeBack },
  { op: 'Unsqueeze', infer: inferUnsqueeze, gradient: reshapeBack },
  {
    op: 'Transpose',
    infer: inferTranspose,
    gradient: (context) => [
      () => {
        const permutation = permutationOf(context, context.shape(0).length);
        return context.emitter.transpose(
          context.dy,
          permutation.map((_, axis) => permutation.indexOf(axis)),
        );
      },
    ],
  },
];
