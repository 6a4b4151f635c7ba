import { findInitializer, floats, type Tensor } from '@retort/onnx';
import type { TrainableModel } from '../trainable.js';

/** The kept rows of a float tensor `[rows, …]`, in the order of `kept`. */
export function takeRows({ dims: [rows, ...rest], data }: Tensor, kept: ArrayLike<number>): Tensor {
  const values = data as Float32Array;
  const width = values.length / rows;
  const taken = new Float32Array(kept.length * width);
  for (let i = 0; i < kept.length; i++) taken.set(values.subarray(kept[i] * width, (kept[i] + 1) * width), i * width);
  return floats([kept.length, ...rest], taken);
}

/** The kept columns of a float matrix `[rows, columns]`, in the order of `kept`. */
export function takeColumns({ dims: [rows, columns], data }: Tensor, kept: ArrayLike<number>): Tensor {
  const values = data as Float32Array;
  const taken = new Float32Array(rows * kept.length);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < kept.length; j++) taken[row * kept.length + j] = values[row * columns + kept[j]];
  }
  return floats([rows, kept.length], taken);
}

/**
 * The model with other tensors in the named initializers, of whatever shape.
 *
 * @param changes by name; each gets what is there
 */
export function withTensors(
  { model, trainable }: TrainableModel,
  changes: ReadonlyMap<string, (tensor: Tensor) => Tensor>,
): TrainableModel {
  const initializers = new Map(model.graph.initializers);
  for (const [name, change] of changes) initializers.set(name, change(findInitializer(model, name, 'float32')));
  // What the file says of shapes in between was of the larger model.
  return { model: { ...model, graph: { ...model.graph, initializers, valueInfo: [] } }, trainable };
}
