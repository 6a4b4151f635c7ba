import type { Emitter } from '../emit/emitter.js';
import type { ShapeContext } from '../shapes/context.js';
import { isStatic, multiplyDims, normalizeAxis } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import type { GradientContext } from './gradient-context.js';
import type { OpRule } from './rule.js';

function inferReduction(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  const keep = context.int('keepdims', 1) !== 0;
  let axes = context.axes();
  const reducesAll = (axes === 'all' || axes?.length === 0) && context.int('noop_with_empty_axes', 0) === 0;
  // What is reduced altogether is a scalar, whatever its rank was.
  if (!shape) return [{ type, shape: reducesAll && !keep ? [] : undefined }];
  if (axes === undefined) return [{ type, shape: keep ? shape.map(() => null) : undefined }];
  if (axes === 'all' || axes.length === 0) {
    if (!reducesAll) return [{ type, shape }];
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
        const ties = reduceAlike(context, attained);
        return e.mul(e.div(withReducedAxes(context, context.dy), ties), attained);
      },
    ],
  };
}

/** The reduction of a value of the input's shape over the same axes, which it keeps as ones. */
function reduceAlike(context: GradientContext, value: string): string {
  const { emitter: e } = context;
  const axes = reducedAxes(context);
  if (axes?.length === 0) return value;
  return e.emit('ReduceSum', [value, axes ? e.ints(axes) : context.input(1)], { attributes: { keepdims: 1 } });
}

/** A reduction whose derivative is a function of the element and the result: `slope` emits it, of the input's shape. */
function pointwise(op: string, slope: (at: { e: Emitter; x: string; y: string }) => string): OpRule {
  return {
    op,
    infer: inferReduction,
    gradient: (context) => [
      () => {
        const e = context.emitter;
        const y = withReducedAxes(context, context.output(0));
        return e.mul(withReducedAxes(context, context.dy), slope({ e, x: context.input(0), y }));
      },
    ],
  };
}

/**
 * ReduceProd: the derivative by an element is the product of all others. It is y / x only where no element is zero; with one
 * zero it is the product of the rest there and zero elsewhere, with several it is zero everywhere.
 */
function productGradient(context: GradientContext): string {
  const { emitter: e } = context;
  const x = context.input(0);
  const type = e.facts(x).type ?? 'float32';
  const [zero, one] = [e.scalar(0, x), e.scalar(1, x)];
  const isZero = e.emit('Equal', [x, zero]);
  const zeros = e.cast(isZero, type);
  const filled = e.emit('Where', [isZero, one, x]);
  const product = withReducedAxes(
    context,
    e.emit('ReduceProd', [filled, ...context.node.inputs.slice(1)], { attributes: context.node.attributes }),
  );
  const othersZero = e.sub(reduceAlike(context, zeros), zeros);
  const others = e.emit('Where', [e.emit('Equal', [othersZero, zero]), e.div(product, filled), zero]);
  return e.mul(withReducedAxes(context, context.dy), others);
}

/** The product over all axes also of what is known of a vector's elements: `Shape → ReduceProd` is a number of elements. */
function inferProduct(context: ShapeContext): Facts[] {
  const [facts] = inferReduction(context);
  const { elements } = context.input(0);
  if (!facts?.shape || !elements || context.input(0).shape?.length !== 1) return facts ? [facts] : [];
  const axes = context.axes();
  const reducesNone = axes === 'all' && context.int('noop_with_empty_axes', 0) !== 0;
  if (reducesNone) return [{ ...facts, elements }];
  const all = axes === 'all' || (axes?.length === 1 && normalizeAxis(axes[0] as number, 1) === 0);
  return [{ ...facts, elements: all ? [multiplyDims(elements)] : undefined }];
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
  pointwise('ReduceL1', ({ e, x }) => e.emit('Sign', [x])),
  pointwise('ReduceSumSquare', ({ e, x }) => e.addTo(x, x)),
  // y = ln Σx: 1/Σx, which is e^-y and takes no second sum.
  pointwise('ReduceLogSum', ({ e, x, y }) => e.expandLike(e.emit('Exp', [e.neg(y)]), x)),
  // y = ln Σe^x: the softmax.
  pointwise('ReduceLogSumExp', ({ e, x, y }) => e.emit('Exp', [e.sub(x, y)])),
  { op: 'ReduceProd', infer: inferProduct, gradient: (context) => [() => productGradient(context)] },
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
