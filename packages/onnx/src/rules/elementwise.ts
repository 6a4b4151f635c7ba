import type { Emitter } from '../emit/emitter.js';
import { sumTo } from '../emit/sum-to.js';
import type { ShapeContext } from '../shapes/context.js';
import type { Facts } from '../shapes/facts.js';
import type { GradientContext } from './gradient-context.js';
import type { InputGradient, OpRule } from './rule.js';

/**
 * Functions of one tensor, element by element: y = f(x), so dL/dx = dL/dy · f'(x).
 *
 * @param derivative emits `dy · f'(x)`; prefers the forward value `y` where f' is cheaper in it.
 */
export function unary(
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

export function sameAsInput(context: ShapeContext): Facts {
  const { type, shape } = context.input(0);
  return { type, shape };
}

/**
 * Clip: min(max(x, low), high), the bounds scalars. x gets the gradient where it is the result (on a bound too, as PyTorch
 * has it), a bound where it is.
 */
function clipGradient(context: GradientContext): InputGradient[] {
  const { emitter: e, dy } = context;
  const [x, low, high] = [context.input(0), context.input(1), context.input(2)];
  const where = (condition: string) => e.emit('Where', [condition, dy, e.scalar(0, dy)]);
  return [
    () => where(e.emit('Equal', [x, context.output(0)])),
    () => sumTo(e, where(e.emit('Less', [x, low])), low),
    () => sumTo(e, where(e.emit('Greater', [x, high])), high),
  ];
}

export const elementwiseRules: OpRule[] = [
  unary('Neg', ({ context: { emitter: e }, dy }) => e.neg(dy)),
  unary('Abs', ({ context: { emitter: e }, x, dy }) => e.mul(dy, e.emit('Sign', [x]))),
  unary('Sqrt', ({ context: { emitter: e }, y, dy }) => e.div(e.mul(dy, e.scalar(0.5, y)), y)),
  unary('Reciprocal', ({ context: { emitter: e }, y, dy }) => e.neg(e.mul(dy, e.mul(y, y)))),
  unary('Exp', ({ context: { emitter: e }, y, dy }) => e.mul(dy, y)),
  unary('Log', ({ context: { emitter: e }, x, dy }) => e.div(dy, x)),
  // erf' = 2/√π · e^(-x²).
  unary('Erf', ({ context: { emitter: e }, x, dy }) =>
    e.mul(dy, e.mul(e.emit('Exp', [e.neg(e.mul(x, x))]), e.scalar(2 / Math.sqrt(Math.PI), x))),
  ),
  unary('Sin', ({ context: { emitter: e }, x, dy }) => e.mul(dy, e.emit('Cos', [x]))),
  unary('Cos', ({ context: { emitter: e }, x, dy }) => e.neg(e.mul(dy, e.emit('Sin', [x])))),
  // tan' = 1 + tan².
  unary('Tan', ({ context: { emitter: e }, y, dy }) => e.addTo(dy, e.mul(dy, e.mul(y, y)))),
  unary('Sinh', ({ context: { emitter: e }, x, dy }) => e.mul(dy, e.emit('Cosh', [x]))),
  unary('Cosh', ({ context: { emitter: e }, x, dy }) => e.mul(dy, e.emit('Sinh', [x]))),
  // asin' = 1/√(1 - x²) = -acos'.
  unary('Asin', ({ context: { emitter: e }, x, dy }) => e.div(dy, rootOfOneMinusSquare(e, x))),
  unary('Acos', ({ context: { emitter: e }, x, dy }) => e.neg(e.div(dy, rootOfOneMinusSquare(e, x)))),
  // atan' = 1/(1 + x²).
  unary('Atan', ({ context: { emitter: e }, x, dy }) => e.div(dy, e.addTo(e.mul(x, x), e.scalar(1, x)))),
  // asinh' = 1/√(x² + 1), acosh' = 1/√(x² - 1), atanh' = 1/(1 - x²).
  unary('Asinh', ({ context: { emitter: e }, x, dy }) =>
    e.div(dy, e.emit('Sqrt', [e.addTo(e.mul(x, x), e.scalar(1, x))])),
  ),
  unary('Acosh', ({ context: { emitter: e }, x, dy }) =>
    e.div(dy, e.emit('Sqrt', [e.sub(e.mul(x, x), e.scalar(1, x))])),
  ),
  unary('Atanh', ({ context: { emitter: e }, x, dy }) => e.div(dy, e.sub(e.scalar(1, x), e.mul(x, x)))),
  { op: 'Clip', infer: (context) => [sameAsInput(context)], gradient: clipGradient },
  // Steps: their derivative is zero wherever it exists, so no gradient passes.
  ...['Floor', 'Ceil', 'Round', 'Sign'].map(
    (op): OpRule => ({ op, infer: (context) => [sameAsInput(context)], gradient: () => [null] }),
  ),
];

function rootOfOneMinusSquare(e: Emitter, x: string): string {
  return e.emit('Sqrt', [e.sub(e.scalar(1, x), e.mul(x, x))]);
}
