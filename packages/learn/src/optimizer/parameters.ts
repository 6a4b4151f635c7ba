import { findInitializer, type Model, sizeOf, type Tensor } from '@retort/onnx';
import type { Weights } from '../trainable.js';
import { bytesOf, OptimizerMemory } from './optimizer-memory.js';
import { OPTIMIZER_STATES } from './optimizer-states.js';

/** What is kept beside each weight. */
export interface ParameterLayout {
  /** Arrays of the weight's size that the optimizer keeps; default 0. */
  states?: number;
  /** Names of the tables whose gradients come as rows. */
  tables?: ReadonlySet<string>;
  /** Whether the gradients of several runs are summed before a step; default false. */
  accumulated?: boolean;
  /** Whether a moving average of the weights is kept; default false. */
  averaged?: boolean;
}

/** One trained weight with all that is kept of it. The arrays are views on one memory. */
export interface Parameter {
  name: string;
  dims: number[];
  values: Float32Array;
  /** The optimizer's own, all zero before the first step: see {@link Optimizer}. */
  states: Float32Array[];
  /** A run's gradient: as it is, or as the summed rows of a table. The training graph may write it here itself. */
  gradient: Float32Array;
  /** Of a table: which rows `gradient` holds. */
  rows?: Int32Array;
  /** Where gradients of several runs are summed; not of tables, whose rows are summed in `gradient`. */
  sum?: Float32Array;
  /** The moving average, which begins as the weight itself. */
  average?: Float32Array;
}

/** Elements of every array that is kept of the weights. */
function sizesOf(weights: { name: string; dims: number[] }[], layout: ParameterLayout): number[] {
  const { states = 0, tables, accumulated = false, averaged = false } = layout;
  const arraysOf = (name: string) => 2 + states + Number(averaged) + Number(accumulated && !tables?.has(name));
  return weights.flatMap(({ name, dims }) => [
    ...Array<number>(arraysOf(name)).fill(sizeOf(dims)),
    tables?.has(name) ? dims[0] : 0,
  ]);
}

/**
 * Checks that AdamW can train the named weights, before anything is allocated.
 *
 * @param averaged whether a moving average of the weights is kept
 * @throws RetortError `RT_INVALID_MODEL` where one is missing or not float32, and above 4 GiB
 */
export function checkParameterMemory(model: Model, names: string[], { averaged }: { averaged: boolean }): void {
  const weights = names.map((name) => ({ name, dims: findInitializer(model, name, 'float32').dims }));
  bytesOf(sizesOf(weights, { states: OPTIMIZER_STATES.adamw, averaged }));
}

/** All trained weights, in a memory that the training graph reads in place and the optimizer writes in place. */
export class Parameters {
  readonly list: Parameter[];
  readonly memory: OptimizerMemory;
  /** The graph's inputs that hold the weights: views, valid for as long as the store lives. */
  readonly feeds: Record<string, Tensor> = {};
  /** The same of what is validated and kept: the averages, or where there are none the weights. */
  readonly resultFeeds: Record<string, Tensor> = {};

  /**
   * Starts from the values of the named initializers, which are copied.
   *
   * @throws RetortError `RT_INVALID_MODEL` where one is missing or not float32, and above 4 GiB
   */
  constructor(model: Model, names: string[], layout: ParameterLayout = {}) {
    const { states = 0, tables, accumulated = false, averaged = false } = layout;
    const tensors = names.map((name) => ({ name, ...findInitializer(model, name, 'float32') }));
    const memory = new OptimizerMemory(sizesOf(tensors, layout));
    this.memory = memory;
    this.list = tensors.map(({ name, dims, data }) => {
      const size = sizeOf(dims);
      const isTable = tables?.has(name) ?? false;
      const [values, gradient] = [memory.floats(size), memory.floats(size)];
      const parameter: Parameter = { name, dims, values, gradient, states: [] };
      for (let i = 0; i < states; i++) parameter.states.push(memory.floats(size));
      if (isTable) parameter.rows = memory.ints(dims[0]);
      else if (accumulated) parameter.sum = memory.floats(size);
      values.set(data as Float32Array);
      if (averaged) {
        parameter.average = memory.floats(size);
        parameter.average.set(values);
      }
      this.feeds[name] = { type: 'float32', dims, data: values };
      this.resultFeeds[name] = { type: 'float32', dims, data: parameter.average ?? values };
      return parameter;
    });
  }

  /** A copy of what is kept, by name: the averages, or where there are none the weights. */
  snapshot(): Weights {
    return new Map(this.list.map(({ name, values, average }) => [name, (average ?? values).slice()]));
  }
}
