import { findInitializer, type Model, sizeOf, type Tensor } from '@retort/onnx';
import { OptimizerMemory } from './optimizer-memory.js';
import type { Weights } from './trainable.js';

/** One trained weight with all that the optimizer keeps of it. The arrays are views on one memory. */
export interface Parameter {
  name: string;
  dims: number[];
  values: Float32Array;
  /** First and second moment of the gradient. */
  m: Float32Array;
  v: Float32Array;
  /** Where the optimizer puts a step's gradient: as it is, or as the summed rows of a table. */
  gradient: Float32Array;
  /** Which rows of a table `gradient` holds. */
  rows: Int32Array;
}

/** All trained weights, in a memory that the training graph reads in place and the optimizer writes in place. */
export class Parameters {
  readonly list: Parameter[];
  readonly memory: OptimizerMemory;
  /** The graph's inputs that hold the weights: views, valid for as long as the store lives. */
  readonly feeds: Record<string, Tensor> = {};

  /** Starts from the values of the named initializers, which are copied. */
  constructor(model: Model, names: string[]) {
    const tensors = names.map((name) => ({ name, ...findInitializer(model, name, 'float32') }));
    const rowsOf = (dims: number[]) => (dims.length > 0 ? dims[0] : 1);
    const memory = new OptimizerMemory(
      tensors.flatMap(({ dims }) => [...Array<number>(4).fill(sizeOf(dims)), rowsOf(dims)]),
    );
    this.memory = memory;
    this.list = tensors.map(({ name, dims, data }) => {
      const [values, m, v, gradient] = Array.from({ length: 4 }, () => memory.floats(sizeOf(dims)));
      values.set(data as Float32Array);
      this.feeds[name] = { type: 'float32', dims, data: values };
      return { name, dims, values, m, v, gradient, rows: memory.ints(rowsOf(dims)) };
    });
  }

  /** A copy of all values, by name. */
  snapshot(): Weights {
    return new Map(this.list.map(({ name, values }) => [name, values.slice()]));
  }
}
