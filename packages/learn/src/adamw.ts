import type { StepScalars } from './optimizer-memory.js';
import type { Parameter, Parameters } from './parameters.js';
import { RowGradient } from './row-gradient.js';

export interface AdamWOptions {
  /** Decay of the first moment; default 0.9. */
  beta1?: number;
  /** Decay of the second moment; default 0.999. */
  beta2?: number;
  /** Default 1e-8. */
  epsilon?: number;
  /** Decoupled weight decay per unit of learning rate, of matrices only: biases and scales are left alone. Default 0. */
  weightDecay?: number;
  /** Largest norm of the whole gradient; a longer one is scaled down to it. Default 1. */
  clipNorm?: number;
}

const DEFAULTS: Required<AdamWOptions> = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 };

/** The gradient of one parameter, dense or as rows of a table. */
export type ParameterGradient = Float32Array | { indices: BigInt64Array; rows: Float32Array };

/**
 * AdamW (Loshchilov & Hutter 2019): with gradient g, step t from 1 and learning rate η,
 *
 *     m ← β₁·m + (1-β₁)·g,   v ← β₂·v + (1-β₂)·g²
 *     w ← w - η·( (m/(1-β₁ᵗ)) / (√(v/(1-β₂ᵗ)) + ε) + decay·w )
 *
 * Tables with sparse gradients are updated lazily: a row that the batch does not touch keeps its weights and moments, and is not
 * decayed; the bias correction uses the step of all (PyTorch's SparseAdam and TensorFlow's LazyAdam do the same). So a step costs
 * time by the batch and not by the table. Correcting each row by its own count of steps gave the same accuracy on clinc150
 * and banking77.
 */
export class AdamW {
  readonly #parameters: Parameters;
  readonly #options: Required<AdamWOptions>;
  readonly #tables = new Map<string, RowGradient>();
  #step = 0;

  constructor(parameters: Parameters, options: AdamWOptions = {}) {
    this.#parameters = parameters;
    this.#options = { ...DEFAULTS, ...options };
  }

  /**
   * Takes one step.
   *
   * @param gradients by parameter name, one for each.
   * @returns the norm of the whole gradient before clipping. Where it is not finite, no weight was changed.
   */
  step(gradients: ReadonlyMap<string, ParameterGradient>, learningRate: number): number {
    const { list } = this.#parameters;
    let square = 0;
    for (const parameter of list) square += this.#load(parameter, gradients.get(parameter.name));
    const norm = Math.sqrt(square);
    if (!Number.isFinite(norm)) return norm;
    this.#step++;
    const { beta1, beta2, epsilon, weightDecay, clipNorm } = this.#options;
    const scalars = {
      scale: norm > clipNorm ? clipNorm / norm : 1,
      beta1,
      beta2,
      rate: learningRate / (1 - beta1 ** this.#step),
      correction: 1 / Math.sqrt(1 - beta2 ** this.#step),
      epsilon,
    };
    for (const parameter of list) {
      this.#update(parameter, { ...scalars, decay: parameter.dims.length > 1 ? learningRate * weightDecay : 0 });
    }
    return norm;
  }

  /** Brings a gradient into the optimizer's memory, repeated rows summed; returns its squared norm. */
  #load(parameter: Parameter, gradient: ParameterGradient | undefined): number {
    const { memory } = this.#parameters;
    if (gradient === undefined) throw new Error(`The parameter "${parameter.name}" has no gradient.`);
    if (gradient instanceof Float32Array) {
      if (gradient !== parameter.gradient) parameter.gradient.set(gradient);
      return memory.squareSum(parameter.gradient);
    }
    let table = this.#tables.get(parameter.name);
    if (!table) {
      table = new RowGradient(parameter);
      this.#tables.set(parameter.name, table);
    }
    table.clear();
    table.add(gradient.indices, gradient.rows);
    return memory.squareSum(table.sums, table.count * table.width);
  }

  #update({ name, values, m, v, gradient }: Parameter, scalars: StepScalars): void {
    const { memory } = this.#parameters;
    const table = this.#tables.get(name);
    if (table) memory.updateRows(values, m, v, table, scalars);
    else memory.update(values, m, v, gradient, scalars);
  }
}
