import { float, floats, GraphBuilder, int64Vector, type Model, writeModel } from '../../../packages/onnx/src/index.ts';
import { proto } from '../../../packages/onnx/src/proto.ts';

/** Small valid models to damage. All have a weight "w" that the scalar "loss" depends on. */

/** Some numbers without a pattern. */
const noise = (...dims: number[]) =>
  floats(
    dims,
    Array.from({ length: dims.reduce((n, dim) => n * dim, 1) }, (_, i) => Math.sin(i * 12.9898)),
  );

function finish(b: GraphBuilder, value: string): Model {
  b.output(b.add('ReduceSum', [value], { outputs: ['loss'], attributes: { keepdims: 0 } }), 'float32', []);
  return b.build({ metadata: new Map([['made', 'by hand']]) });
}

/** A table, a layer norm and a classifier. */
function classifier(): Model {
  const b = new GraphBuilder({ opset: 20 });
  b.input('ids', 'int64', ['batch', 'seq']);
  b.initializer('w', noise(5, 4));
  const rows = b.add('Gather', ['w', 'ids']);
  const normed = b.add('LayerNormalization', [rows, b.constant(noise(4)), b.constant(noise(4))], {
    attributes: { axis: -1, epsilon: float(1e-5) },
  });
  const pooled = b.add('ReduceMean', [b.add('Gelu', [normed]), b.constant(int64Vector([1]))], {
    attributes: { keepdims: 0 },
  });
  const logits = b.add('Gemm', [pooled, b.constant(noise(4, 3)), b.constant(noise(3))]);
  return finish(b, b.add('LogSoftmax', [b.add('Dropout', [logits])], { attributes: { axis: 1 } }));
}

/** Attention whose shapes are computed from its input's, as exporters write it. */
function attention(): Model {
  const b = new GraphBuilder({ opset: 18 });
  b.input('x', 'float32', ['batch', 'seq', 6]);
  b.initializer('w', noise(6, 6));
  const part = (at: number) => b.add('Gather', [b.add('Shape', ['x']), b.constant(int64Vector([at]))]);
  const heads = () => {
    const shape = b.add('Concat', [part(0), part(1), b.constant(int64Vector([2, 3]))], { attributes: { axis: 0 } });
    return b.add('Reshape', [b.add('MatMul', ['x', 'w']), shape]);
  };
  const scores = b.add('Einsum', [heads(), heads()], { attributes: { equation: 'bqhd,bkhd->bhqk' } });
  const weights = b.add('Softmax', [b.add('Trilu', [scores], { attributes: { upper: 0 } })]);
  const values = b.add('Transpose', [heads()], { attributes: { perm: [0, 2, 1, 3] } });
  const mixed = b.add('Transpose', [b.add('MatMul', [weights, values])], { attributes: { perm: [0, 2, 1, 3] } });
  const flat = b.add('Reshape', [mixed, b.constant(int64Vector([0, -1, 6]))]);
  const [first] = b.addMany('Split', [flat], { outputs: ['a', 'b'], attributes: { axis: -1, num_outputs: 2 } });
  const bounds = [[0], [1], [1]].map((list) => b.constant(int64Vector(list)));
  b.graph.valueInfo.push({ name: 'a', type: 'float32', shape: ['batch', 'seq', 3] });
  return finish(b, b.add('Squeeze', [b.add('Slice', [first, ...bounds]), b.constant(int64Vector([1]))]));
}

/** Convolutions, pools, padding. */
function vision(): Model {
  const b = new GraphBuilder({ opset: 19 });
  b.input('x', 'float32', ['batch', 2, 6, 6]);
  b.initializer('w', noise(4, 1, 3, 3));
  const padded = b.add('Pad', ['x', b.constant(int64Vector([0, 0, 1, 0, 0, 0, 0, 1]))]);
  const conv = b.add('Conv', [padded, 'w'], {
    attributes: { group: 2, strides: [1, 2], dilations: [1, 1], pads: [1, 1, 1, 1], kernel_shape: [3, 3] },
  });
  const four = () => b.constant(noise(4));
  const normed = b.add('BatchNormalization', [conv, four(), four(), four(), b.constant(floats([4], [1, 2, 3, 4]))]);
  const pooled = b.add('MaxPool', [b.add('Relu', [normed])], {
    attributes: { kernel_shape: [2, 2], strides: [2, 1], ceil_mode: 1 },
  });
  const averaged = b.add('AveragePool', [pooled], { attributes: { kernel_shape: [2, 2], pads: [1, 0, 0, 1] } });
  const up = b.add('ConvTranspose', [averaged, b.constant(noise(4, 2, 2, 2))], { attributes: { strides: [2, 2] } });
  const doubled = b.add('Tile', [b.add('GlobalAveragePool', [up]), b.constant(int64Vector([1, 1, 2, 1]))]);
  return finish(b, b.add('Flatten', [doubled], { attributes: { axis: 1 } }));
}

/** A branch that nothing trained passes through, constants of every kind, elements in typed fields instead of raw bytes. */
function branching(): Uint8Array {
  const branch = (op: string) => {
    const inner = new GraphBuilder({ opset: 18 });
    inner.output(inner.add(op, ['scale'], { outputs: ['chosen'] }), 'float32', [3]);
    return { kind: 'graph' as const, value: inner.graph };
  };
  const b = new GraphBuilder({ opset: 18 });
  b.input('condition', 'bool', []);
  b.initializer('w', noise(2, 3));
  b.initializer('scale', noise(3));
  const attributes = { then_branch: branch('Neg'), else_branch: branch('Abs') };
  const chosen = b.add('If', ['condition'], { outputs: ['picked'], attributes });
  b.graph.valueInfo.push({ name: 'picked', type: 'float32', shape: [3] });
  const shape = b.add('Constant', [], { attributes: { value_ints: [2, 3] } });
  const spread = b.add('Expand', [chosen, shape]);
  const factor = b.add('Constant', [], { attributes: { value: { kind: 'tensor', value: floats([1], [2]) } } });
  const cast = b.add('Cast', [b.constant(int64Vector([1, 2, 3]))], { attributes: { to: 1 } });
  const product = b.add('Mul', [b.add('Mul', ['w', spread]), b.add('Add', [factor, cast])]);
  const gathered = b.add('GatherND', [product, b.constant(int64Vector([1]))]);
  const message = proto.ModelProto.decode(
    writeModel(finish(b, b.add('CumSum', [gathered, b.constant(int64Vector([0]))]))),
  );
  for (const tensor of message.graph?.initializer ?? []) {
    const raw = new Uint8Array(tensor.rawData as Uint8Array).buffer;
    if (tensor.dataType === proto.TensorProto.DataType.FLOAT) tensor.floatData = [...new Float32Array(raw)];
    else tensor.int64Data = [...new BigInt64Array(raw)].map(Number);
    tensor.rawData = null;
  }
  return proto.ModelProto.encode(message).finish();
}

export function originals(): Uint8Array[] {
  const files = [...[classifier(), attention(), vision()].map((model) => writeModel(model)), branching()];
  // Not Node's Buffers, whose slices share what they are cut from.
  return files.map((file) => Uint8Array.from(file));
}
