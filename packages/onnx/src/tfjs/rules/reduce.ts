import type { TfRule } from '../lowering.js';

/** A reduction over the axes in the second input. */
function reduce(op: string): TfRule {
  return (node, x, axes) => {
    const keepdims = node.bool('keep_dims') ? 1 : 0;
    const over = node.constantInts(axes, 'reduction axes');
    // ONNX reads an empty list as all axes, TensorFlow as none.
    return over.length === 0 ? x : node.emit(op, [x, node.vector(over)], { keepdims });
  };
}

export const REDUCE: Record<string, TfRule> = {
  Max: reduce('ReduceMax'),
  Mean: reduce('ReduceMean'),
  Min: reduce('ReduceMin'),
  Prod: reduce('ReduceProd'),
  Sum: reduce('ReduceSum'),
};
