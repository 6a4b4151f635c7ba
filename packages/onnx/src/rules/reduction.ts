import type { GradientContext } from '../gradient/context.js';
import type { ShapeContext } from '../shapes/context.js';
import { isStatic, normalizeAxis } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import type { OpRule } from './rule.js';

export function inferReduction(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  if (!shape) return [{ type, shape }];
  const keep = context.int('keepdims', 1) !== 0;
  let axes = context.axes();
  if (axes === undefined) return [{ type, shape: keep ? shape.map(() => null) : undefined }];
  if (axes === 'all' || axes.length === 0) {
    if (context.int('noop_with_empty_axes', 0) !== 0) return [{ type, shape }];
    axes = shape.map((_, axis) => axis);
  }
  const reduced = new Set(axes.map((axis) => normalizeAxis(axis, shape.length)));
  if (keep) return [{ type, shape: shape.map((dim, axis) => (reduced.has(axis) ? 1 : dim)) }];
  return [{ type, shape: shape.filter((_, axis) => !reduced.has(axis)) }];
}

/** The axes of a reduction, from the front; undefined where they are computed. */
function reducedAxes(context: GradientContext): number[] | undefined {
  const rank = context.shape(0).length;
  const given = context.ints('axes') ?? (context.has(1) ? context.knownInts(1) : []);
  if (given === undefined) return undefined;
  if (given.length === 0) {
    return context.int('noop_with_empty_axes', 0) !== 0 ? [] : context.shape(0).map((_, axis) => axis);
  }
  return given.map((axis) => normalizeAxis(axis, rank));
}

/** A value of the output's shape with the reduced axes put back as ones, so that it broadcasts over the input. */
function withReducedAxes(context: GradientContext, value: string): string {
  const { emitter: e } = context;
  if (context.int('keepdims', 1) !== 0) return value;
  const axes = reducedAxes(context);
  if (axes) return axes.length > 0 ? e.unsqueeze(value, axes) : value;
  return e.emit('Unsqueeze', [value, context.input(1)]);
}

/** Number of input elements per output element, as a scalar of the input's type. */
function reducedCount(context: GradientContext): string {
  const { emitter: e } = context;
  const x = context.input(0);
  const axes = reducedAxes(context);
  const dims = axes?.map((axis) => context.shape(0)[axis]);
  if (isStatic(dims))
    return e.scalar(
      dims.reduce((product, dim) => product * dim, 1),
      x,
    );
  const type = e.facts(x).type ?? 'float32';
  return e.div(e.cast(e.emit('Size', [x]), type), e.cast(e.emit('Size', [context.dy]), type));
}

/** Max and Min of an axis: the gradient goes to the elements that attain it, shared equally among ties. */
function extremum(op: 'ReduceMax' | 'ReduceMin'): OpRule {
  return {
    op,
    infer: inferReduction,
    gradient: (context) => [
      () => {
        const { emitter: e } = context;
        const x = context.input(0);
        const attained = e.cast(
          e.emit('Equal', [x, withReducedAxes(context, context.output(0))]),
          e.facts(x).type ?? 'float32',
        );
        const axes = reducedAxes(context);
        const ties = e.emit('ReduceSum', axes ? [attained, e.ints(axes)] : [attained, context.input(1)], {
          attributes: { keepdims: 1 },
        });
        return e.mul(e.div(withReducedAxes(context, context.dy), ties), attained);
      },
    ],
  };
}

export const reductionRules: OpRule[] = [
  {
    op: 'ReduceSum',
    infer: inferReduction,
    gradient: (context) => [() => context.emitter.expandLike(withReducedAxes(context, context.dy), context.input(0))],
  },
  {
    op: 'ReduceMean',
    infer: inferReduction,
    gradient: (context) => [
      () => {
        const { emitter: e } = context;
        const share = e.div(context.dy, reducedCount(context));
        return e.expandLike(withReducedAxes(context, share), context.input(0));
      },
    ],
  },
  {
    // y = √Σx², so dx = dy · x / y; at the origin, where the norm has no derivative, 0.
    op: 'ReduceL2',
    infer: inferReduction,
    gradient: (context) => [
      () => {
        const { emitter: e } = context;
        const y = context.output(0);
        const isZero = e.emit('Equal', [y, e.scalar(0, y)]);
        const divisor = e.emit('Where', [isZero, e.scalar(1, y), y]);
        return e.mul(withReducedAxes(context, e.div(context.dy, divisor)), context.input(0));
      },
    ],
  },
  extremum('ReduceMax'),
  extremum('ReduceMin'),
  {
    op: 'ArgMax',
    infer: (context) => {
      const { shape } = context.input(0);
      if (!shape) return [{ type: 'int64', shape }];
      const axis = normalizeAxis(context.int('axis', 0), shape.length);
      return [
        { type: 'int64', shape: context.int('keepdims', 1) !== 0 ? shape.with(axis, 1) : shape.toSpliced(axis, 1) },
      ];
    },
  },
];
