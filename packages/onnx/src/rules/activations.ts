import { float } from '../builder.js';
import type { Emitter } from '../emit/emitter.js';
import { sumTo } from '../emit/sum-to.js';
import { broadcastFacts } from './arithmetic.js';
import { sameAsInput, unary } from './elementwise.js';
import type { GradientContext } from './gradient-context.js';
import type { InputGradient, OpRule } from './rule.js';

/** Activation functions, and the forms fused with a bias that exporters for ONNX Runtime emit. */

/**
 * d/dx of x·Φ(x), where Φ is the normal distribution and φ its density: Φ(x) + x·φ(x). With u = x/√2, φ(x) = e^(-u²)/√(2π). Written
 * with as few passes over the tensor as ONNX Runtime's kernels allow: x·φ(x) as (x/√(2π)) / e^(u²), which is 0 where e^(u²) is
 * infinite, and (1 + erf u)/2 as one HardSigmoid, whose limits 0 and 1 are also those of Φ.
 */
function geluExact(e: Emitter, x: string, dy: string): string {
  const u = e.mul(x, e.scalar(Math.SQRT1_2, x));
  const cumulative = halfSum(e, e.emit('Erf', [u]));
  const scaled = e.mul(x, e.scalar(1 / Math.sqrt(2 * Math.PI), x));
  return e.mul(dy, e.addTo(cumulative, e.div(scaled, e.emit('Exp', [e.mul(u, u)]))));
}

/** (1 + x)/2 for x from -1 to 1. ONNX Runtime has HardSigmoid for float32 only. */
function halfSum(e: Emitter, x: string): string {
  if (e.facts(x).type !== 'float32') return e.mul(e.addTo(x, e.scalar(1, x)), e.scalar(0.5, x));
  return e.emit('HardSigmoid', [x], { attributes: { alpha: float(0.5), beta: float(0.5) } });
}

/** d/dx of x/2 · (1 + tanh u), u = √(2/π)·(x + 0.044715·x³): (1 + tanh u)/2 + x/2 · (1 - tanh² u) · u'. */
function geluTanh(e: Emitter, x: string, dy: string): string {
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

/** SELU's default constants (Klambauer et al. 2017). */
const SELU = { alpha: 1.6732632, gamma: 1.050701 };

/** gamma·dy where x > 0; elsewhere dy times the slope of gamma·alpha·(e^x - 1), which is y + gamma·alpha. */
function eluGradient(at: { context: GradientContext; x: string; y: string; dy: string }, alpha: number, gamma = 1) {
  const e = at.context.emitter;
  const above = gamma === 1 ? at.dy : e.mul(at.dy, e.scalar(gamma, at.dy));
  const below = e.mul(at.dy, e.addTo(at.y, e.scalar(gamma * alpha, at.y)));
  return e.emit('Where', [e.emit('Greater', [at.x, e.scalar(0, at.x)]), above, below]);
}

/** d/dx of x·σ(ax): σ(ax)·(1 + ax·(1 - σ(ax))). */
function swishGradient({ emitter: e }: GradientContext, x: string, dy: string, alpha: number): string {
  const scaled = alpha === 1 ? x : e.mul(x, e.scalar(alpha, x));
  const gate = e.emit('Sigmoid', [scaled]);
  const one = e.scalar(1, x);
  return e.mul(dy, e.mul(gate, e.addTo(one, e.mul(scaled, e.sub(one, gate)))));
}

/** dy·slope where 0 < y < 1, the stretch on which max(0, min(1, slope·x + offset)) is not flat. */
function hardSigmoidGradient({ emitter: e }: GradientContext, gate: string, dy: string): string {
  const inside = e.emit('And', [
    e.emit('Greater', [gate, e.scalar(0, gate)]),
    e.emit('Less', [gate, e.scalar(1, gate)]),
  ]);
  return e.emit('Where', [inside, dy, e.scalar(0, dy)]);
}

/** PRelu: x where x ≥ 0, slope·x elsewhere; the slope broadcasts. */
function preluGradient(context: GradientContext): InputGradient[] {
  const { emitter: e, dy } = context;
  const [x, slope] = [context.input(0), context.input(1)];
  const negative = context.shared(() => e.emit('Less', [x, e.scalar(0, x)]));
  return [
    () => e.emit('Where', [negative(), e.mul(dy, slope), dy]),
    () => sumTo(e, e.emit('Where', [negative(), e.mul(dy, x), e.scalar(0, x)]), slope),
  ];
}

/** An activation of `x + bias`, the bias a vector along the last axis or omitted. */
function biased(op: string, derivative: (e: Emitter, x: string, dy: string) => string): OpRule {
  return {
    op,
    domain: 'com.microsoft',
    infer: (context) => [context.has(1) ? broadcastFacts(context) : sameAsInput(context)],
    gradient: (context) => {
      const { emitter: e } = context;
      const [x, bias] = [context.input(0), context.input(1)];
      const inner = context.shared(() => {
        const sum = context.has(1) ? e.assumeShape(e.addTo(x, bias), context.output(0)) : x;
        return derivative(e, sum, context.dy);
      });
      return [() => sumTo(e, inner(), x), () => sumTo(e, inner(), bias)];
    },
  };
}

export const activationRules: OpRule[] = [
  // tanh' = 1 - tanh².
  unary('Tanh', ({ context: { emitter: e }, y, dy }) => e.sub(dy, e.mul(dy, e.mul(y, y)))),
  // σ' = σ·(1 - σ).
  unary('Sigmoid', ({ context: { emitter: e }, y, dy }) => e.mul(dy, e.mul(y, e.sub(e.scalar(1, y), y)))),
  unary('Softplus', ({ context: { emitter: e }, x, dy }) => e.mul(dy, e.emit('Sigmoid', [x]))),
  // y = x/(1 + |x|), y' = 1/(1 + |x|)².
  unary('Softsign', ({ context: { emitter: e }, x, dy }) => {
    const divisor = e.addTo(e.emit('Abs', [x]), e.scalar(1, x));
    return e.div(dy, e.mul(divisor, divisor));
  }),
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
  { op: 'PRelu', infer: (context) => [sameAsInput(context)], gradient: preluGradient },
  unary('Elu', (at) => eluGradient(at, at.context.float('alpha', 1))),
  unary('Selu', (at) => eluGradient(at, at.context.float('alpha', SELU.alpha), at.context.float('gamma', SELU.gamma))),
  unary('HardSigmoid', ({ context, y, dy }) =>
    hardSigmoidGradient(context, y, context.emitter.mul(dy, context.emitter.scalar(context.float('alpha', 0.2), dy))),
  ),
  // y = x·h, h = max(0, min(1, x/6 + 1/2)): y' = h + x·h'.
  unary(
    'HardSwish',
    ({ context, x, dy }) => {
      const { emitter: e } = context;
      const gate = e.emit('HardSigmoid', [x], { attributes: { alpha: float(1 / 6), beta: float(0.5) } });
      const slope = e.mul(e.mul(dy, x), e.scalar(1 / 6, x));
      return e.addTo(e.mul(dy, gate), hardSigmoidGradient(context, gate, slope));
    },
    { since: 14 },
  ),
  // y = x·t, t = tanh(softplus x): y' = t + x·(1 - t²)·σ(x).
  unary(
    'Mish',
    ({ context: { emitter: e }, x, dy }) => {
      const t = e.emit('Tanh', [e.emit('Softplus', [x])]);
      const bend = e.mul(e.sub(e.scalar(1, x), e.mul(t, t)), e.emit('Sigmoid', [x]));
      return e.mul(dy, e.addTo(t, e.mul(x, bend)));
    },
    { since: 18 },
  ),
  unary(
    'Gelu',
    ({ context, x, dy }) =>
      (context.string('approximate', 'none') === 'tanh' ? geluTanh : geluExact)(context.emitter, x, dy),
    { since: 20 },
  ),
  unary('Gelu', ({ context, x, dy }) => geluExact(context.emitter, x, dy), { domain: 'com.microsoft' }),
  biased('BiasGelu', geluExact),
  biased('FastGelu', geluTanh),
  unary('QuickGelu', ({ context, x, dy }) => swishGradient(context, x, dy, context.float('alpha', 1.702)), {
    domain: 'com.microsoft',
  }),
];
