import { floatScalar } from '../../tensor.js';
import type { LoweringContext, TfRule } from '../lowering.js';

/** `y = op(x)`, which both formats define alike. */
const UNARY = {
  Abs: 'Abs',
  Ceil: 'Ceil',
  Cos: 'Cos',
  Elu: 'Elu',
  Erf: 'Erf',
  Exp: 'Exp',
  Floor: 'Floor',
  Log: 'Log',
  LogicalNot: 'Not',
  Neg: 'Neg',
  Reciprocal: 'Reciprocal',
  Relu: 'Relu',
  Sigmoid: 'Sigmoid',
  Sin: 'Sin',
  Softplus: 'Softplus',
  Sqrt: 'Sqrt',
  Tanh: 'Tanh',
};

/** `y = op(a, b)` with numpy's broadcasting, which both formats define alike. */
const BINARY = {
  Add: 'Add',
  AddV2: 'Add',
  Equal: 'Equal',
  Greater: 'Greater',
  GreaterEqual: 'GreaterOrEqual',
  Less: 'Less',
  LessEqual: 'LessOrEqual',
  LogicalAnd: 'And',
  LogicalOr: 'Or',
  Maximum: 'Max',
  Minimum: 'Min',
  Mul: 'Mul',
  Pow: 'Pow',
  RealDiv: 'Div',
  Sub: 'Sub',
};

export const ELEMENTWISE: Record<string, TfRule> = {
  ...mapped(UNARY, (op) => (node, x) => node.emit(op, [x])),
  ...mapped(BINARY, (op) => (node, a, b) => node.emit(op, [a, b])),
  SelectV2: (node, condition, a, b) => node.emit('Where', [condition, a, b]),
  Identity: (_node, x) => x,
  Snapshot: (_node, x) => x,
  StopGradient: (_node, x) => x,
  Cast: (node, x) => cast(node, x),
  AddN: (node, first, ...rest) => rest.reduce((sum, x) => node.emit('Add', [sum, x]), first),
  BiasAdd: (node, x, bias) => biasAdd(node, x, bias),
  LeakyRelu: (node, x) => node.emit('LeakyRelu', [x], { alpha: { kind: 'float', value: node.float('alpha', 0.2) } }),
  LogSoftmax: (node, x) => node.emit('LogSoftmax', [x], { axis: -1 }),
  NotEqual: (node, a, b) => node.emit('Not', [node.emit('Equal', [a, b])]),
  Relu6: (node, x) => node.emit('Clip', [x, node.constant(floatScalar(0)), node.constant(floatScalar(6))]),
  Rsqrt: (node, x) => node.emit('Reciprocal', [node.emit('Sqrt', [x])]),
  Softmax: (node, x) => node.emit('Softmax', [x], { axis: -1 }),
  Square: (node, x) => node.emit('Mul', [x, x]),
  SquaredDifference: (node, a, b) => {
    const difference = node.emit('Sub', [a, b]);
    return node.emit('Mul', [difference, difference]);
  },
};

function mapped(names: Record<string, string>, rule: (op: string) => TfRule): Record<string, TfRule> {
  return Object.fromEntries(Object.entries(names).map(([name, op]) => [name, rule(op)]));
}

function cast(node: LoweringContext, x: string): string {
  const type = node.type('DstT', 'float32');
  if (node.typeOf(x) === type) return x;
  // TensorProto.DataType: FLOAT, INT64, BOOL.
  return node.emit('Cast', [x], { to: { float32: 1, int64: 7, bool: 9 }[type] });
}

/** The bias runs along the channels: the last axis, or the second one in NCHW. */
export function biasAdd(node: LoweringContext, x: string, bias: string): string {
  const after = node.string('data_format', 'NHWC').startsWith('NC') ? node.rankOf(x) - 2 : 0;
  if (after <= 0) return node.emit('Add', [x, bias]);
  return node.emit('Add', [
    x,
    node.emit('Unsqueeze', [bias, node.vector(Array.from({ length: after }, (_, i) => i + 1))]),
  ]);
}
