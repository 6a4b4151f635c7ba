import fc from 'fast-check';
import { float, floatScalar } from '../../../packages/onnx/src/index.ts';
import { type Case, type Cases, extent, POSITIVE, shape, unary } from './generators.ts';

const float32 = { type: 'float32' } as const;

/** Bounds given or omitted, variables like the tensor itself. */
const clip = fc.record({ dims: shape(0, 3), low: fc.boolean(), high: fc.boolean() }).map(
  ({ dims, low, high }): Case => ({
    variables: {
      x: { dims },
      ...(low ? { low: { dims: [], range: [-1, -0.5] } } : {}),
      ...(high ? { high: { dims: [], range: [0.5, 1] } } : {}),
    },
    build: (b) => b.add('Clip', ['x', low ? 'low' : '', ...(high ? ['high'] : [])]),
  }),
);

/** The slope broadcasts to x, and not the other way. */
const prelu = fc
  .tuple(shape(1, 3), fc.nat(2), fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }))
  .map(([dims, skip, ones]): Case => {
    const slope = dims.slice(skip % dims.length).map((dim, i) => (ones[i] ? 1 : dim));
    return {
      variables: { x: { dims, kinks: [0] }, slope: { dims: slope } },
      build: (b) => b.add('PRelu', ['x', 'slope']),
      ...float32,
    };
  });

/** Outside of training, where it is the identity; what it does in training has a test of its own, with the mask it drew. */
const dropout = fc.tuple(shape(0, 3), fc.constantFrom('data', 'ratio', 'mode')).map(
  ([dims, given]): Case => ({
    variables: { x: { dims } },
    build: (b) => {
      const ratio = given === 'data' ? [] : [b.constant(floatScalar(0.25))];
      const mode = given === 'mode' ? [b.constant({ type: 'bool', dims: [], data: Uint8Array.of(0) })] : [];
      return b.add('Dropout', ['x', ...ratio, ...mode]);
    },
  }),
);

function biased(op: string) {
  return fc.record({ dims: shape(0, 2), width: extent, bias: fc.boolean() }).map(
    ({ dims, width, bias }): Case => ({
      variables: { x: { dims: [...dims, width] }, ...(bias || op === 'BiasGelu' ? { bias: { dims: [width] } } : {}) },
      build: (b) => b.add(op, ['x', ...(bias || op === 'BiasGelu' ? ['bias'] : [])], { domain: 'com.microsoft' }),
      ...float32,
    }),
  );
}

export const elementwiseCases: Cases = {
  '.Abs': unary('Abs'),
  '.Erf': unary('Erf', { type: 'float32' }),
  '.Exp': unary('Exp'),
  '.Gelu': fc.oneof(
    unary('Gelu', { type: 'float32', opset: 20 }),
    unary('Gelu', { type: 'float32', opset: 20, attributes: { approximate: 'tanh' } }),
  ),
  '.LeakyRelu': unary('LeakyRelu', { attributes: { alpha: float(0.2) } }),
  '.Log': unary('Log', { range: POSITIVE }),
  '.Neg': unary('Neg'),
  '.Reciprocal': unary('Reciprocal', { range: POSITIVE }),
  '.Relu': unary('Relu'),
  '.Sigmoid': unary('Sigmoid'),
  '.Softplus': unary('Softplus'),
  '.Sqrt': unary('Sqrt', { range: POSITIVE }),
  '.Tanh': unary('Tanh'),
  'com.microsoft.Gelu': unary('Gelu', { domain: 'com.microsoft', type: 'float32' }),
  '.Acosh': unary('Acosh', { range: [1.2, 3], ...float32 }),
  '.Asinh': unary('Asinh', float32),
  '.Atanh': unary('Atanh', { range: [-0.8, 0.8], ...float32 }),
  '.Acos': unary('Acos', { range: [-0.8, 0.8], ...float32 }),
  '.Asin': unary('Asin', { range: [-0.8, 0.8], ...float32 }),
  '.Atan': unary('Atan', float32),
  '.Clip': clip,
  '.Cos': unary('Cos'),
  '.Cosh': unary('Cosh', float32),
  '.Dropout': dropout,
  '.Elu': unary('Elu', { ...float32, kinks: [0], attributes: { alpha: float(0.7) } }),
  '.HardSigmoid': unary('HardSigmoid', { ...float32, attributes: { alpha: float(0.4) }, kinks: [-1.25, 1.25] }),
  '.HardSwish': unary('HardSwish', { ...float32, range: [-5, 5], kinks: [-3, 3] }),
  '.Mish': unary('Mish', float32),
  '.PRelu': prelu,
  '.Selu': unary('Selu', { ...float32, kinks: [0] }),
  '.Sin': unary('Sin'),
  '.Sinh': unary('Sinh', float32),
  '.Softsign': unary('Softsign', float32),
  '.Tan': unary('Tan', { range: [-1, 1], ...float32 }),
  'com.microsoft.BiasGelu': biased('BiasGelu'),
  'com.microsoft.FastGelu': biased('FastGelu'),
  'com.microsoft.QuickGelu': unary('QuickGelu', { ...float32, domain: 'com.microsoft' }),
};
