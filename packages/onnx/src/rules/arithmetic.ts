import { sumTo } from '../emit/sum-to.js';
import type { Dim } from '../model.js';
import type { ShapeContext } from '../shapes/context.js';
import { addDims, broadcastShapes, divideDims, multiplyDims, ShapeConflict, subtractDims } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import type { GradientContext } from './gradient-context.js';
import type { InputGradient, OpRule } from './rule.js';

/** Facts of an operator that broadcasts all its inputs, which have one element type. */
export function broadcastFacts(context: ShapeContext): Facts {
  const inputs = Array.from({ length: context.inputCount }, (_, i) => context.input(i));
  const types = new Set(inputs.map(({ type }) => type).filter((type) => type !== undefined));
  if (types.size > 1) throw new ShapeConflict(`its inputs are of different types (${[...types].join(', ')})`);
  return { type: [...types][0], shape: broadcastShape(context) };
}

function broadcastShape(context: ShapeContext): Dim[] | undefined {
  const shapes = Array.from({ length: context.inputCount }, (_, i) => context.shape(i));
  return shapes.every((shape) => shape !== undefined) ? broadcastShapes(shapes) : undefined;
}

/** Element-by-element arithmetic on extents, for operators on the vectors that `Shape` gives. */
function elementsOf(context: ShapeContext, combine: (a: Dim, b: Dim) => Dim): Dim[] | undefined {
  const a = context.input(0).elements;
  const b = context.input(1).elements;
  if (!a || !b) return undefined;
  const length = Math.max(a.length, b.length);
  if (![a.length, b.length].every((own) => own === length || own === 1)) return undefined;
  return Array.from({ length }, (_, i) => combine(a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]));
}

/** Inputs and gradient of a binary operator; `a` and `b` emit a gradient of the output's shape, which is summed to the input's. */
function binary(
  op: string,
  combine: (a: Dim, b: Dim) => Dim,
  gradients: (at: {
    context: GradientContext;
    a: string;
    b: string;
    y: string;
    dy: string;
  }) => [a: () => string, b: () => string],
): OpRule {
  return {
    op,
    infer: (context) => [{ ...broadcastFacts(context), elements: elementsOf(context, combine) }],
    gradient: (context) => {
      const [a, b] = [context.input(0), context.input(1)];
      const [da, db] = gradients({ context, a, b, y: context.output(0), dy: context.dy });
      const { emitter } = context;
      return [() => sumTo(emitter, da(), a), () => sumTo(emitter, db(), b)];
    },
  };
}

/**
 * Pow: y = a^b. dL/da = dy · b · a^(b-1). dL/db = dy · y · ln a, which is taken as 0 where a is not positive: there the
 * function of b is constant (a = 0) or defined at whole numbers only.
 */
function powGradient(context: GradientContext, dy: string): [() => string, () => string] {
  const { emitter: e } = context;
  const [a, b, y] = [context.input(0), context.input(1), context.output(0)];
  const exponent = context.constantScalar(1);
  const base = () => {
    if (exponent === 1) return dy;
    if (exponent === 2) return e.mul(dy, e.addTo(a, a));
    if (exponent === 0.5) return e.div(e.mul(dy, e.scalar(0.5, y)), y);
    const floatB = e.facts(b).type === e.facts(a).type ? b : e.cast(b, e.facts(a).type ?? 'float32');
    return e.mul(dy, e.mul(floatB, e.emit('Pow', [a, e.sub(floatB, e.scalar(1, a))])));
  };
  const power = () => {
    const positive = e.emit('Greater', [a, e.scalar(0, a)]);
    const log = e.emit('Log', [e.emit('Where', [positive, a, e.scalar(1, a)])]);
    return e.mul(dy, e.mul(y, log));
  };
  return [base, power];
}

/**
 * Max and Min pass the gradient to the input that was chosen. Inputs that tie share it equally, so that the result does not
 * depend on their order.
 */
function extremum(op: 'Max' | 'Min'): OpRule {
  return {
    op,
    infer: (context) => [broadcastFacts(context)],
    gradient: (context): InputGradient[] => {
      const { emitter: e } = context;
      const { inputs } = context.node;
      const chosen = inputs.map((input) =>
        context.shared(() => e.cast(e.emit('Equal', [input, context.output(0)]), e.facts(input).type ?? 'float32')),
      );
      const share = context.shared(() => {
        const masks = chosen.map((mask) => mask());
        return e.div(context.dy, masks.length > 1 ? e.emit('Sum', masks) : masks[0]);
      });
      return inputs.map((input, i) => () => sumTo(e, e.mul(share(), chosen[i]()), input));
    },
  };
}

export const arithmeticRules: OpRule[] = [
  binary('Add', addDims, ({ dy }) => [() => dy, () => dy]),
  binary('Sub', subtractDims, ({ context: { emitter: e }, dy }) => [() => dy, () => e.neg(dy)]),
  binary(
    'Mul',
    (a, b) => multiplyDims([a, b]),
    ({ context: { emitter: e }, a, b, dy }) => [() => e.mul(dy, b), () => e.mul(dy, a)],
  ),
  // y = a/b: dy/b and -dy·y/b.
  binary('Div', divideExactly, ({ context: { emitter: e }, b, y, dy }) => [
    () => e.div(dy, b),
    () => e.neg(e.div(e.mul(dy, y), b)),
  ]),
  {
    ...binary(
      'Pow',
      () => null,
      ({ context, dy }) => powGradient(context, dy),
    ),
    // The exponent may be of another type than the base, whose type the result has.
    infer: (context) => [{ type: context.input(0).type, shape: broadcastShape(context) }],
  },
  {
    op: 'Sum',
    infer: (context) => [broadcastFacts(context)],
    gradient: ({ emitter, node, dy }) => node.inputs.map((input) => () => sumTo(emitter, dy, input)),
  },
  {
    op: 'Mean',
    infer: (context) => [broadcastFacts(context)],
    gradient: ({ emitter: e, node, dy }) => {
      const share = () => e.div(dy, e.scalar(node.inputs.length, dy));
      return node.inputs.map((input) => () => sumTo(e, share(), input));
    },
  },
  extremum('Max'),
  extremum('Min'),
  // Only its use on integers (hashing) has no gradient to pass; on floats nobody trains through it.
  { op: 'Mod', infer: (context) => [broadcastFacts(context)] },
];

/** ONNX's integer division truncates: only exact quotients are followed. */
function divideExactly(a: Dim, b: Dim): Dim {
  try {
    return divideDims(a, b);
  } catch (error) {
    if (error instanceof ShapeConflict) return null;
    throw error;
  }
}
