import { floatScalar, int64s, type Tensor } from '../../tensor.js';
import type { LoweringContext, TfRule } from '../lowering.js';

/** Axes that an index may count into. */
const MAX_DEPTH = 8;

/** Looking up and writing by index. */
export const GATHER: Record<string, TfRule> = {
  Gather: (node, params, indices) => node.emit('Gather', [params, indices], { axis: 0 }),
  GatherV2: (node, params, indices, axis) => {
    if (node.int('batch_dims', 0) !== 0) throw node.unsupported('has batch_dims other than 0');
    return node.emit('Gather', [params, indices], { axis: node.constantInt(axis, 'axis') });
  },
  GatherNd: (node, params, indices) => node.emit('GatherND', [params, indices]),
  ScatterNd: scatterNd,
  SparseToDense: sparseToDense,
  // With one input: the indices `[n, rank]` of the true elements, in row-major order. ONNX gives them as `[rank, n]`.
  Where: (node, condition) => {
    const indices = node.emit('Transpose', [node.emit('NonZero', [condition])], { perm: [1, 0] });
    node.distinctRows.add(indices);
    return indices;
  },
};

/** Zeros of the given shape, with the updates added at the first axes by index: updates of the same index sum up. */
function scatterNd(node: LoweringContext, indices: string, updates: string, shape: string): string {
  const depth = node.shapeOf(indices)?.at(-1);
  if (typeof depth !== 'number' || depth > MAX_DEPTH)
    throw node.unsupported(`has indices of depth ${depth ?? 'unknown'}`);
  const zeros = zero(node, updates);
  if (node.distinctRows.has(indices)) {
    return node.emit('ScatterND', [filled(node, shape, zeros), indices, updates]);
  }
  // ONNX Runtime's ScatterND adds in parallel, where repeated indices race; ScatterElements does not. It wants one index
  // per element: the indexed axes become one, the others too.
  const part = (from: number, to: number) => node.emit('Slice', [shape, node.vector([from]), node.vector([to])]);
  const count = (from: number, to: number) =>
    from === to ? node.vector([1]) : node.emit('ReduceProd', [part(from, to), node.vector([0])]);
  const rest = node.emit('ReduceProd', [
    node.emit('Concat', [node.vector([1]), part(depth, Number.MAX_SAFE_INTEGER)], { axis: 0 }),
    node.vector([0]),
  ]);
  const rows = node.emit('Reshape', [updates, node.emit('Concat', [node.vector([-1]), rest], { axis: 0 })]);
  const flat = Array.from({ length: depth }, (_, axis) =>
    node.emit('Mul', [node.emit('Gather', [indices, node.vector([axis])], { axis: -1 }), count(axis + 1, depth)]),
  ).reduce((sum, term) => node.emit('Add', [sum, term]), node.int64(0));
  const index = node.emit('Expand', [node.emit('Reshape', [flat, node.vector([-1, 1])]), node.emit('Shape', [rows])]);
  const table = filled(node, node.emit('Concat', [count(0, depth), rest], { axis: 0 }), zeros);
  const added = node.emit('ScatterElements', [table, index, rows], { axis: 0, reduction: 'add' });
  return node.emit('Reshape', [added, shape], { allowzero: 1 });
}

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
function filled(node: LoweringContext, shape: string, value: Tensor): string {
  return node.emit('ConstantOfShape', [shape], { value: { kind: 'tensor', value: { ...value, dims: [1] } } });
}

function zero(node: LoweringContext, like: string): Tensor {
  const type = node.typeOf(like);
  if (type === 'float32') return floatScalar(0);
  if (type === 'int64') return int64s([], [0]);
  throw node.unsupported(`adds up values of type ${type}`);
}
