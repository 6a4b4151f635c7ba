import {
  type AttributeInput,
  float,
  floatScalar,
  type GraphBuilder,
  int64Vector,
} from '../../packages/onnx/src/index.ts';

/** The ONNX graphs of the functions in `test/golden/make-gradients.py`. */
export interface GoldenGraph {
  /** Name of the case there. */
  golden: string;
  /** Which of several spellings of it, where there are some. */
  spelling?: string;
  /** Default 18. */
  opset?: number;
  /** Adds the nodes; `inputs` are the names of the case's inputs in order. Returns the name of the result. */
  build: (b: GraphBuilder, inputs: string[]) => string;
}

/** A case that is one node. */
function node(
  golden: string,
  op: string,
  attributes: Record<string, AttributeInput> = {},
  rest: { opset?: number; domain?: string; spelling?: string } = {},
): GoldenGraph {
  const { domain, ...given } = rest;
  return { golden, ...given, build: (b, inputs) => b.add(op, inputs, { attributes, domain }) };
}

const epsilon = (value: number) => ({ epsilon: float(value) });
const axes = (b: GraphBuilder, ...list: number[]) => b.constant(int64Vector(list));

/** Below opset 17, as PyTorch's exporter spells it. */
const layerNormSpeltOut: GoldenGraph = {
  golden: 'layer-norm',
  spelling: 'spelt out',
  opset: 13,
  build: (b, [x, scale, bias]) => {
    const mean = (value: string) => b.add('ReduceMean', [value], { attributes: { axes: [-1], keepdims: 1 } });
    const centred = b.add('Sub', [x, mean(x)]);
    const variance = mean(b.add('Pow', [centred, b.constant(floatScalar(2))]));
    const deviation = b.add('Sqrt', [b.add('Add', [variance, b.constant(floatScalar(1e-5))])]);
    return b.add('Add', [b.add('Mul', [b.add('Div', [centred, deviation]), scale]), bias]);
  },
};

/** x/2 · (1 + erf(x/√2)), as exporters spell it below opset 20. */
const geluSpeltOut: GoldenGraph = {
  golden: 'gelu',
  spelling: 'with Erf',
  build: (b, [x]) => {
    const erf = b.add('Erf', [b.add('Div', [x, b.constant(floatScalar(Math.SQRT2))])]);
    const gate = b.add('Add', [erf, b.constant(floatScalar(1))]);
    return b.add('Mul', [b.add('Mul', [x, gate]), b.constant(floatScalar(0.5))]);
  },
};

/** Cross-entropy with label smoothing 0.1 over 5 classes: the target is 0.9 · onehot + 0.1/5, the loss a mean over rows. */
const crossEntropy: GoldenGraph = {
  golden: 'cross-entropy',
  build: (b, [logits, labels]) => {
    const classes = b.constant({ type: 'float32', dims: [5], data: Float32Array.of(0, 1, 2, 3, 4) });
    const same = b.add('Equal', [b.add('Unsqueeze', [labels, axes(b, 1)]), classes]);
    const onehot = b.add('Cast', [same], { attributes: { to: 1 } });
    const target = b.add('Add', [b.add('Mul', [onehot, b.constant(floatScalar(0.9))]), b.constant(floatScalar(0.02))]);
    const likelihood = b.add('Mul', [b.add('LogSoftmax', [logits], { attributes: { axis: 1 } }), target]);
    const rows = b.add('ReduceSum', [likelihood, axes(b, 1)], { attributes: { keepdims: 0 } });
    return b.add('Neg', [b.add('ReduceMean', [rows, axes(b, 0)])]);
  },
};

/** Two heads of width 4 over [2, 5, 8]; padding is masked by adding -1e9 to its scores. */
const encoderLayer: GoldenGraph = {
  golden: 'encoder-layer',
  opset: 20,
  build: (b, [x, inW, inB, outW, outB, g1, b1, w1, c1, w2, c2, g2, b2, keep]) => {
    const linear = (value: string, weight: string, bias: string) =>
      b.add('Add', [b.add('MatMul', [value, b.add('Transpose', [weight], { attributes: { perm: [1, 0] } })]), bias]);
    const parts = b.addMany('Split', [linear(x, inW, inB)], {
      outputs: ['q', 'k', 'v'],
      attributes: { axis: -1, num_outputs: 3 },
    });
    const [q, k, v] = parts.map((part) =>
      b.add('Transpose', [b.add('Reshape', [part, axes(b, 0, 0, 2, 4)])], { attributes: { perm: [0, 2, 1, 3] } }),
    );
    const scores = b.add('Mul', [
      b.add('MatMul', [q, b.add('Transpose', [k], { attributes: { perm: [0, 1, 3, 2] } })]),
      b.constant(floatScalar(0.5)),
    ]);
    const hidden = b.add('Mul', [b.add('Sub', [keep, b.constant(floatScalar(1))]), b.constant(floatScalar(1e9))]);
    const masked = b.add('Add', [scores, b.add('Unsqueeze', [hidden, axes(b, 1, 2)])]);
    const mixed = b.add('MatMul', [b.add('Softmax', [masked], { attributes: { axis: -1 } }), v]);
    const joined = b.add('Reshape', [
      b.add('Transpose', [mixed], { attributes: { perm: [0, 2, 1, 3] } }),
      axes(b, 0, 0, 8),
    ]);
    const norm = (value: string, scale: string, bias: string) =>
      b.add('LayerNormalization', [value, scale, bias], { attributes: epsilon(1e-5) });
    const attended = norm(b.add('Add', [x, linear(joined, outW, outB)]), g1, b1);
    const forward = linear(b.add('Gelu', [linear(attended, w1, c1)]), w2, c2);
    return norm(b.add('Add', [attended, forward]), g2, b2);
  },
};

export const goldenGraphs: GoldenGraph[] = [
  node('conv1d', 'Conv', { strides: [2], pads: [1, 1] }),
  node('conv1d-dilated', 'Conv', { dilations: [3], pads: [2, 2] }),
  node('conv1d-same', 'Conv', { auto_pad: 'SAME_UPPER' }),
  node('conv2d', 'Conv', { strides: [2, 1], pads: [1, 0, 1, 0] }),
  node('conv2d-grouped', 'Conv', { strides: [1, 2], pads: [0, 2, 0, 2], dilations: [2, 1], group: 2 }),
  node('conv2d-depthwise', 'Conv', { pads: [1, 1, 1, 1], group: 3 }),
  node('conv-transpose2d', 'ConvTranspose', {
    strides: [2, 2],
    pads: [1, 0, 1, 0],
    output_padding: [1, 0],
    group: 2,
  }),
  node('max-pool1d', 'MaxPool', { kernel_shape: [3], strides: [2], pads: [1, 1] }),
  node('max-pool2d-ceil', 'MaxPool', { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 }),
  node('average-pool1d', 'AveragePool', { kernel_shape: [3], strides: [2], pads: [1, 1] }),
  node('average-pool2d', 'AveragePool', {
    kernel_shape: [2, 3],
    strides: [1, 2],
    pads: [1, 1, 1, 1],
    count_include_pad: 1,
  }),
  node('average-pool2d-ceil', 'AveragePool', {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    ceil_mode: 1,
  }),
  node('global-average-pool', 'GlobalAveragePool'),
  node('global-max-pool', 'GlobalMaxPool'),
  node('einsum-attention', 'Einsum', { equation: 'bqhd,bkhd->bhqk' }),
  node('einsum-ellipsis', 'Einsum', { equation: '...i,ij->...j' }),
  node('einsum-three', 'Einsum', { equation: 'ij,jk,kl->li' }),
  node('layer-norm', 'LayerNormalization', epsilon(1e-5)),
  layerNormSpeltOut,
  node('layer-norm-two-axes', 'LayerNormalization', { axis: 1, ...epsilon(1e-3) }),
  node('rms-norm', 'RMSNormalization', epsilon(1e-5), { opset: 23, spelling: 'of opset 23' }),
  node('rms-norm', 'SimplifiedLayerNormalization', epsilon(1e-5), { spelling: "of ONNX Runtime's exporters" }),
  node('batch-norm', 'BatchNormalization', epsilon(1e-3)),
  node('instance-norm', 'InstanceNormalization', epsilon(1e-3)),
  node('group-norm', 'GroupNormalization', { num_groups: 2, ...epsilon(1e-3) }, { opset: 21 }),
  node('gelu', 'Gelu', {}, { opset: 20 }),
  node('gelu', 'Gelu', {}, { domain: 'com.microsoft', spelling: 'com.microsoft' }),
  geluSpeltOut,
  node('gelu-tanh', 'Gelu', { approximate: 'tanh' }, { opset: 20 }),
  node('gelu-tanh', 'FastGelu', {}, { domain: 'com.microsoft', spelling: 'com.microsoft' }),
  node('softmax', 'Softmax', { axis: 1 }),
  {
    golden: 'logsumexp',
    build: (b, [x]) => b.add('ReduceLogSumExp', [x, axes(b, 1)], { attributes: { keepdims: 0 } }),
  },
  {
    golden: 'product',
    build: (b, [x]) => b.add('ReduceProd', [x, axes(b, 1)], { attributes: { keepdims: 0 } }),
  },
  { golden: 'cumulative-sum', build: (b, [x]) => b.add('CumSum', [x, b.add('Squeeze', [axes(b, 1)])]) },
  crossEntropy,
  encoderLayer,
];
