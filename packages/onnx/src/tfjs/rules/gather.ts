import { floatScalar, int64s, type Tensor } from '../../tensor.js';
import type { LoweringContext, TfRule } from '../lowering.js';

/** Looking up and writing by index. */
export const GATHER: Record<string, TfRule> = {
  Gather: (node, params, indices) => node.emit('Gather', [params, indices], { axis: 0 }),
  GatherV2: (node, params, indices, axis) => {
    if (node.int('batch_dims', 0) !== 0) throw node.unsupported('has batch_dims other than 0');
    return node.emit('Gather', [params, indices], { axis: node.constantInt(axis, 'axis') });
  },
  GatherNd: (node, params, indices) => node.emit('GatherND', [params, indices]),
  // Zeros, to which the updates are added: updates of the same index sum up.
  ScatterNd: (node, indices, updates, shape) =>
    node.emit('ScatterND', [filled(node, shape, zero(node, updates)), indices, updates], { reduction: 'add' }),
  SparseToDense: sparseToDense,
  // With one input: the indices `[n, rank]` of the true elements, in row-major order. ONNX gives them as `[rank, n]`.
  Where: (node, condition) => node.emit('Transpose', [node.emit('NonZero', [condition])], { perm: [1, 0] }),
};

function sparseToDense(
  node: LoweringContext,
  indices: string,
  shape: string,
  values: string,
  fallback: string,
): string {
  const rank = node.rankOf(indices);
  // Indices are [n, rank of the output]; a vector or a scalar stands for indices into a vector.
  const rows = rank === 2 ? indices : node.emit('Reshape', [indices, node.vector([-1, 1])]);
  const dense = node.emit('Expand', [fallback, shape]);
  if (node.rankOf(values) > 0) return node.emit('ScatterND', [dense, rows, values]);
  // One value for all indices.
  const count = node.emit('Slice', [node.emit('Shape', [rows]), node.vector([0]), node.vector([1])]);
  return node.emit('ScatterND', [dense, rows, node.emit('Expand', [values, count])]);
}

/** A tensor of that shape with the same `value` everywhere. */
export function filled(node: LoweringContext, shape: string, value: Tensor): string {
  return node.emit('ConstantOfShape', [shape], { value: { kind: 'tensor', value: { ...value, dims: [1] } } });
}

function zero(node: LoweringContext, like: string): Tensor {
  const type = node.typeOf(like);
  if (type === 'float32') return floatScalar(0);
  if (type === 'int64') return int64s([], [0]);
  throw node.unsupported(`adds up values of type ${type}`);
}
