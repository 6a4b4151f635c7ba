import type { GradientContext } from '../gradient/context.js';
import type { ShapeContext } from '../shapes/context.js';
import type { Facts } from '../shapes/facts.js';
import type { OpRule } from './rule.js';

/**
 * Functions of one tensor, element by element: y = f(x), so dL/dx = dL/dy · f'(x).
 *
 * @param derivative emits `dy · f'(x)`; prefers the forward value `y` where f' is cheaper in it.
 */
function unary(
  op: string,
  derivative: (at: { context: GradientContext; x: string; y: string; dy: string }) => string,
  rest: Partial<OpRule> = {},
): OpRule {
  return {
    op,
    infer: (context) => [sameAsInput(context)],
    gradient: (context) => [() => derivative({ context, x: context.input(0), y: context.output(0), dy: context.dy })],
    ...rest,
  };
}

function sameAsInput(context: ShapeContext): Facts {
  const { type, shape } = context.input(0);
  return { type, shape };
}

/** d/dx of x·Φ(x), where Φ is the normal distribution: Φ(x) + x·φ(x). */
function geluExact({ emitter: e }: GradientContext, x: string, dy: string): string {
  const one = e.scalar(1, x);
  const erf = e.emit('Erf', [e.mul(x, e.scalar(Math.SQRT1_2, x))]);
  const cumulative = e.mul(e.addTo(erf, one), e.scalar(0.5, x));
  const density = e.mul(
    e.emit('Exp', [e.mul(e.mul(x, x), e.scalar(-0.5, x))]),
    e.scalar(1 / Math.sqrt(2 * Math.PI), x),
  );
  return e.mul(dy, e.addTo(cumulative, e.mul(x, density)));
}

/** d/dx of x/2 · (1 + tanh u), u = √(2/π)·(x + 0.044715·x³): (1 + tanh u)/2 + x/2 · (1 - tanh² u) · u'. */
function geluTanh({ emitter: e }: GradientContext, x: string, dy: string): string {
  const constant = (value: number) => e.scalar(value, x);
  const scale = Math.sqrt(2 / Math.PI);
  const square = e.mul(x, x);
  const inner = e.mul(x, e.addTo(e.mul(square, constant(scale * 0.044715)), constant(scale)));
  const tanh = e.emit('Tanh', [inner]);
  const slope = e.addTo(e.mul(square, constant(3 * scale * 0.044715)), constant(scale));
  const bend = e.mul(e.sub(constant(1), e.mul(tanh, tanh)), slope);
  const derivative = e.mul(e.addTo(e.addTo(tanh, constant(1)), e.mul(x, bend)), constant(0.5));
  return e.mul(dy, derivative);
}

/** dy where the comparison of x (or y) with a threshold holds, zero elsewhere. */
function gated({ emitter: e }: GradientContext, condition: string, dy: string): string {
  return e.emit('Where', [condition, dy, e.scalar(0, dy)]);
}

export const elementwiseRules: OpRule[] = [
  unary('Neg', ({ context: { emitter: e }, dy }) => e.neg(dy)),
  unary('Abs', ({ context: { emitter: e }, x, dy }) => e.mul(dy, e.emit('Sign', [x]))),
  unary('Sqrt', ({ context: { emitter: e }, y, dy }) => e.div(e.mul(dy, e.scalar(0.5, y)), y)),
  unary('Reciprocal', ({ context: { emitter: e }, y, dy }) => e.neg(e.mul(dy, e.mul(y, y)))),
  unary('Exp', ({ context: { emitter: e }, y, dy }) => e.mul(dy, y)),
  unary('Log', ({ context: { emitter: e }, x, dy }) => e.div(dy, x)),
  // tanh' = 1 - tanh².
  unary('Tanh', ({ context: { emitter: e }, y, dy }) => e.sub(dy, e.mul(dy, e.mul(y, y)))),
  // σ' = σ·(1 - σ).
  unary('Sigmoid', ({ context: { emitter: e }, y, dy }) => e.mul(dy, e.mul(y, e.sub(e.scalar(1, y), y)))),
  unary('Softplus', ({ context: { emitter: e }, x, dy }) => e.mul(dy, e.emit('Sigmoid', [x]))),
  // At 0 the derivative is taken as 0, as everybody does.
  unary('Relu', ({ context, y, dy }) => {
    const { emitter: e } = context;
    return gated(context, e.emit('Greater', [y, e.scalar(0, y)]), dy);
  }),
  unary('LeakyRelu', ({ context, x, dy }) => {
    const { emitter: e } = context;
    const leaked = e.mul(dy, e.scalar(context.float('alpha', 0.01), dy));
    return e.emit('Where', [e.emit('Greater', [x, e.scalar(0, x)]), dy, leaked]);
  }),
  // erf' = 2/√π · e^(-x²).
  unary('Erf', ({ context: { emitter: e }, x, dy }) =>
    e.mul(dy, e.mul(e.emit('Exp', [e.neg(e.mul(x, x))]), e.scalar(2 / Math.sqrt(Math.PI), x))),
  ),
  unary(
    'Gelu',
    ({ context, x, dy }) =>
      context.string('approximate', 'none') === 'tanh' ? geluTanh(context, x, dy) : geluExact(context, x, dy),
    { since: 20 },
  ),
  unary('Gelu', ({ context, x, dy }) => geluExact(context, x, dy), { domain: 'com.microsoft' }),
  // Steps: their derivative is zero wherever it exists, so no gradient passes.
  ...['Floor', 'Ceil', 'Round', 'Sign'].map(
    (op): OpRule => ({ op, infer: (context) => [sameAsInput(context)], gradient: () => [null] }),
  ),
];
