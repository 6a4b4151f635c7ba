import type { AttributeInput } from '../../builder.js';
import type { Tensor } from '../../tensor.js';
import type { LoweringContext, TfRule } from '../lowering.js';
import { biasAdd } from './elementwise.js';

/** Matrix products and convolutions. */
export const LINEAR: Record<string, TfRule> = {
  MatMul: (node, a, b) => matMul(node, a, b, node.bool('transpose_a'), node.bool('transpose_b')),
  BatchMatMul: (node, a, b) => matMul(node, a, b, node.bool('adj_x'), node.bool('adj_y')),
  BatchMatMulV2: (node, a, b) => matMul(node, a, b, node.bool('adj_x'), node.bool('adj_y')),
  Conv2D: conv2d,
  // What the converter makes of MatMul or Conv2D, BiasAdd and an activation.
  _FusedMatMul: (node, a, b, ...rest) =>
    fused(node, matMul(node, a, b, node.bool('transpose_a'), node.bool('transpose_b')), rest),
  _FusedConv2D: (node, x, kernel, ...rest) => fused(node, conv2d(node, x, kernel), rest),
};

function matMul(node: LoweringContext, a: string, b: string, transposeA: boolean, transposeB: boolean): string {
  return node.emit('MatMul', [transposeA ? swapLastAxes(node, a) : a, transposeB ? swapLastAxes(node, b) : b]);
}

function swapLastAxes(node: LoweringContext, x: string): string {
  const perm = Array.from({ length: node.rankOf(x) }, (_, axis) => axis);
  const [row, column] = perm.splice(-2);
  return node.emit('Transpose', [x], { perm: [...perm, column as number, row as number] });
}

function fused(node: LoweringContext, x: string, [bias]: string[]): string {
  const ops = node.strings('fused_ops');
  return ops.reduce((value, op) => {
    if (op === 'BiasAdd' && bias !== undefined) return biasAdd(node, value, bias);
    if (op === 'Relu' || op === 'Elu' || op === 'Sigmoid' || op === 'Tanh') return node.emit(op, [value]);
    throw node.unsupported(`has the fused operation ${op}`);
  }, x);
}

const NHWC_TO_NCHW = [0, 3, 1, 2];
const NCHW_TO_NHWC = [0, 2, 3, 1];
/** TensorFlow keeps kernels as [height, width, in, out], ONNX as [out, in, height, width]. */
const HWIO_TO_OIHW = [3, 2, 0, 1];

function conv2d(node: LoweringContext, x: string, kernel: string): string {
  const format = node.string('data_format', 'NHWC');
  if (format !== 'NHWC' && format !== 'NCHW') throw node.unsupported(`has the data format ${format}`);
  const spatial = format === 'NHWC' ? [1, 2] : [2, 3];
  const strides = pick(node.ints('strides'), spatial);
  const weights = node.tensorOf(kernel);
  if (format === 'NHWC' && weights && isPointwise(weights) && strides.every((stride) => stride === 1)) {
    return node.emit('MatMul', [x, node.constant({ ...weights, dims: weights.dims.slice(2) })]);
  }
  const attributes: Record<string, AttributeInput> = {
    strides,
    dilations: pick(node.ints('dilations'), spatial),
    group: groups(node, node.shapeOf(x)?.[format === 'NHWC' ? 3 : 1], node.shapeOf(kernel)?.[2]),
    ...padding(node, spatial),
  };
  const filter = node.emit('Transpose', [kernel], { perm: HWIO_TO_OIHW });
  if (format === 'NCHW') return node.emit('Conv', [x, filter], attributes);
  const channelsFirst = node.emit('Transpose', [x], { perm: NHWC_TO_NCHW });
  return node.emit('Transpose', [node.emit('Conv', [channelsFirst, filter], attributes)], { perm: NCHW_TO_NHWC });
}

/** A 1x1 convolution is a dense layer on the channels. */
function isPointwise({ dims }: Tensor): boolean {
  return dims.length === 4 && dims[0] === 1 && dims[1] === 1;
}

function pick(values: number[], axes: number[]): number[] {
  return axes.map((axis) => values[axis] ?? 1);
}

/** TensorFlow groups a convolution by giving its kernel fewer input channels than the image has. */
function groups(node: LoweringContext, channels: unknown, kernelChannels: unknown): number {
  if (typeof channels !== 'number' || typeof kernelChannels !== 'number') return 1;
  if (channels % kernelChannels !== 0)
    throw node.unsupported(`has ${channels} channels under a kernel for ${kernelChannels}`);
  return channels / kernelChannels;
}

function padding(node: LoweringContext, [height, width]: number[]): Record<string, AttributeInput> {
  const kind = node.string('padding', 'VALID');
  if (kind === 'VALID') return { auto_pad: 'VALID' };
  // Where the padding is odd, TensorFlow puts the extra row below and the extra column to the right.
  if (kind === 'SAME') return { auto_pad: 'SAME_UPPER' };
  if (kind !== 'EXPLICIT') throw node.unsupported(`has the padding ${kind}`);
  const pads = node.ints('explicit_paddings');
  // Two per axis in TensorFlow's list; ONNX wants all beginnings before all ends.
  return { pads: [0, 1].flatMap((side) => [height, width].map((axis = 0) => pads[2 * axis + side] ?? 0)) };
}
