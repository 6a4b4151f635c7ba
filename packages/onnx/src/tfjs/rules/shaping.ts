import type { LoweringContext, TfRule } from '../lowering.js';

/** What moves elements without computing on them. */
export const SHAPING: Record<string, TfRule> = {
  BroadcastTo: (node, x, shape) => node.emit('Expand', [x, shape]),
  ConcatV2: (node, first, ...rest) =>
    concat(node, [first, ...rest.slice(0, -1)], node.constantInt(rest.at(-1) ?? first, 'axis')),
  ExpandDims: (node, x, axis) => node.emit('Unsqueeze', [x, node.vector([node.constantInt(axis, 'axis')])]),
  Fill: (node, shape, value) => node.emit('Expand', [value, shape]),
  Pack: (node, first, ...rest) => {
    const axis = node.int('axis', 0);
    return concat(
      node,
      [first, ...rest].map((input) => node.emit('Unsqueeze', [input, node.vector([axis])])),
      axis,
    );
  },
  Range: (node, start, limit, delta) => node.emit('Range', [start, limit, delta]),
  // Here a 0 in the shape is an extent of 0; ONNX would copy the input's extent without allowzero.
  Reshape: (node, x, shape) => node.emit('Reshape', [x, shape], { allowzero: 1 }),
  Shape: (node, x) => node.emit('Shape', [x]),
  Split: (node, axis, x) => {
    const count = node.int('num_split', 1);
    return node.emitMany('Split', [x], count, { axis: node.constantInt(axis, 'axis'), num_outputs: count });
  },
  SplitV: splitV,
  Squeeze: (node, x) => {
    const axes = node.ints('squeeze_dims');
    return node.emit('Squeeze', axes.length > 0 ? [x, node.vector(axes)] : [x]);
  },
  Tile: (node, x, repeats) => node.emit('Tile', [x, repeats]),
  Transpose: (node, x, perm) => node.emit('Transpose', [x], { perm: node.constantInts(perm, 'permutation') }),
  Unpack: (node, x) => {
    const axis = node.int('axis', 0);
    const parts = node.emitMany('Split', [x], node.int('num', 1), { axis, num_outputs: node.int('num', 1) });
    return parts.map((part) => node.emit('Squeeze', [part, node.vector([axis])]));
  },
};

function concat(node: LoweringContext, inputs: string[], axis: number): string {
  const [first] = inputs;
  return inputs.length === 1 && first !== undefined ? first : node.emit('Concat', inputs, { axis });
}

/** Sizes may hold one -1: what the others leave. */
function splitV(node: LoweringContext, x: string, sizesInput: string, axisInput: string): string[] {
  const sizes = node.constantInts(sizesInput, 'sizes');
  const axis = node.constantInt(axisInput, 'axis');
  const open = sizes.indexOf(-1);
  if (open >= 0) {
    const extent = node.shapeOf(x)?.at(axis);
    if (typeof extent !== 'number') throw node.unsupported('leaves one size open on an axis of unknown extent');
    sizes[open] = extent - sizes.reduce((sum, size) => sum + size, 1);
  }
  return node.emitMany('Split', [x, node.vector(sizes)], sizes.length, { axis });
}
