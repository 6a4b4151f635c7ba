import { type AttributeInput, float } from '../builder.js';
import type { Emitter } from '../emit/emitter.js';
import { broadcastFacts } from '../rules/arithmetic.js';
import { matmulRules } from '../rules/matmul.js';
import type { OpRule } from '../rules/rule.js';
import type { UnfuseContext } from '../rules/unfuse-context.js';
import type { ShapeContext } from '../shapes/context.js';
import { divideDims } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import { ofRank, splitEvenly } from './heads.js';

/** Products and sums fused with the function that follows them. */

/** The activations that ONNX Runtime fuses, and which of their attributes it keeps as `activation_…`. */
const ACTIVATIONS = new Map([
  ['Elu', ['alpha']],
  ['HardSigmoid', ['alpha', 'beta']],
  ['LeakyRelu', ['alpha']],
  ['Relu', []],
  ['Sigmoid', []],
  ['Softplus', []],
  ['Softsign', []],
  ['Tanh', []],
]);

function unfuseGemm(context: UnfuseContext): string[] {
  const { emitter: e, node } = context;
  const activation = context.string('activation', '');
  const parameters = ACTIVATIONS.get(activation);
  if (!parameters) context.refuse(`its activation "${activation}" is not supported`);
  const rest = Object.entries(node.attributes).filter(([name]) => !name.startsWith('activation'));
  const product = e.emit('Gemm', node.inputs, { attributes: Object.fromEntries(rest) });
  const attributes: Record<string, AttributeInput> = {};
  for (const name of parameters) {
    if (node.attributes[`activation_${name}`]) attributes[name] = float(context.float(`activation_${name}`, 0));
  }
  return [e.emit(activation, [product], { attributes })];
}

/** The sum of x and the inputs that are there, which broadcast to it. */
function sumOnto(e: Emitter, x: string, ...others: string[]): string {
  return others.reduce((sum, other) => (other === '' ? sum : e.assumeShape(e.addTo(sum, other), x)), x);
}

/** (x + bias) in two halves a, b along the last axis: a · gelu(b). */
function unfuseBiasSplitGelu({ emitter: e, node }: UnfuseContext): string[] {
  const [x, bias] = node.inputs as [string, string];
  const [a, b] = splitEvenly(e, sumOnto(e, x, bias), 2, -1) as [string, string];
  return [e.mul(a, e.emit('Gelu', [b], { domain: 'com.microsoft' }))];
}

function inferBiasSplitGelu(context: ShapeContext): Facts[] {
  const { type } = context.input(0);
  const shape = ofRank(context.shape(0), 2, 3);
  return [{ type, shape: shape?.with(-1, divideDims(shape.at(-1) ?? null, 2)) }];
}

/** Softmax of the sum over all axes from `axis` on; of one axis it is ai.onnx's. */
function unfuseBiasSoftmax(context: UnfuseContext): string[] {
  const { emitter: e } = context;
  const [x, bias] = [context.input(0), context.input(1)];
  const axis = context.int('axis', 1);
  if (axis !== -1 && axis !== e.rank(x) - 1) context.refuse(`its axis ${axis} is not the last`);
  return [e.emit('Softmax', [sumOnto(e, x, bias)], { attributes: { axis: -1 } })];
}

const domain = 'com.microsoft';
const gemm = matmulRules.find(({ op }) => op === 'Gemm');

export const fusedActivationRules: OpRule[] = [
  { op: 'FusedGemm', domain, infer: gemm?.infer, unfuse: unfuseGemm },
  {
    op: 'BiasAdd',
    domain,
    infer: (context) => [broadcastFacts(context)],
    unfuse: ({ emitter: e, node }) => [sumOnto(e, ...(node.inputs as [string, string, string]))],
  },
  { op: 'BiasSplitGelu', domain, infer: inferBiasSplitGelu, unfuse: unfuseBiasSplitGelu },
  { op: 'BiasSoftmax', domain, infer: (context) => [broadcastFacts(context)], unfuse: unfuseBiasSoftmax },
];
