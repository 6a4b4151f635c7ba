import { findInitializer, type Model, sizeOf, type Tensor } from '@retort/onnx';
import type { Weights } from './trainable.js';

/** One trained weight: a view on the store's values. */
export interface Parameter {
  name: string;
  dims: number[];
  /** Where it begins in the store's flat arrays. */
  offset: number;
  size: number;
}

/**
 * All trained weights side by side in one flat array. The training graph reads them as views, without a copy; the optimizer
 * runs over them in one pass.
 */
export class Parameters {
  readonly list: Parameter[] = [];
  readonly values: Float32Array;
  /** The graph's inputs that hold the weights: views on `values`, valid for as long as the store lives. */
  readonly feeds: Record<string, Tensor> = {};

  /** Starts from the values of the named initializers, which are copied. */
  constructor(model: Model, names: string[]) {
    const tensors = names.map((name) => findInitializer(model, name, 'float32'));
    const sizes = tensors.map(({ dims }) => sizeOf(dims));
    this.values = new Float32Array(sizes.reduce((sum, size) => sum + size, 0));
    let offset = 0;
    for (const [i, name] of names.entries()) {
      const { dims, data } = tensors[i];
      const view = this.values.subarray(offset, offset + sizes[i]);
      view.set(data as Float32Array);
      this.feeds[name] = { type: 'float32', dims, data: view };
      this.list.push({ name, dims, offset, size: sizes[i] });
      offset += sizes[i];
    }
  }

  /** A copy of all values, by name. */
  snapshot(): Weights {
    return new Map(this.list.map(({ name, offset, size }) => [name, this.values.slice(offset, offset + size)]));
  }
}
