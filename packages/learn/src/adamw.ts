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

/** The gradient of one parameter, dense or as rows of a table. */
export type ParameterGradient = Float32Array | { indices: BigInt64Array; rows: Float32Array };

/**
 * AdamW (Loshchilov & Hutter 2019): with gradient g, step t from 1 and learning rate η,
 *
 *     m ← β₁·m + (1-β₁)·g,   v ← β₂·v + (1-β₂)·g²
 *     w ← w - η·( (m/(1-β₁ᵗ)) / (√(v/(1-β₂ᵗ)) + ε) + decay·w )
 *
 * Tables with sparse gradients are updated lazily: a row that the batch does not touch keeps its weights and moments, and is not
 * decayed (PyTorch's SparseAdam and TensorFlow's LazyAdam do the same). It costs time by the batch and not by the
 * table, and a rare row's first steps are as long as a frequent one's. The bias correction uses the step of all.
 */
export class AdamW {
  readonly #parameters: Parameters;
  readonly #beta1: number;
  readonly #beta2: number;
  readonly #epsilon: number;
  readonly #weightDecay: number;
  readonly #clipNorm: number;
  readonly #m: Float32Array;
  readonly #v: Float32Array;
  readonly #tables = new Map<string, RowGradient>();
  #step = 0;

  constructor(parameters: Parameters, options: AdamWOptions = {}) {
    this.#parameters = parameters;
    this.#beta1 = options.beta1 ?? 0.9;
    this.#beta2 = options.beta2 ?? 0.999;
    this.#epsilon = options.epsilon ?? 1e-8;
    this.#weightDecay = options.weightDecay ?? 0;
    this.#clipNorm = options.clipNorm ?? 1;
    this.#m = new Float32Array(parameters.values.length);
    this.#v = new Float32Array(parameters.values.length);
  }

  /**
   * Takes one step.
   *
   * @param gradients by parameter name, one for each.
   * @returns the norm of the whole gradient before clipping. Where it is not finite, no weight was changed.
   */
  step(gradients: ReadonlyMap<string, ParameterGradient>, learningRate: number): number {
    let square = 0;
    for (const parameter of this.#parameters.list) square += this.#prepare(parameter, gradients.get(parameter.name));
    const norm = Math.sqrt(square);
    if (!Number.isFinite(norm)) return norm;
    this.#step++;
    const scale = norm > this.#clipNorm ? this.#clipNorm / norm : 1;
    for (const parameter of this.#parameters.list)
      this.#apply(parameter, gradients.get(parameter.name), scale, learningRate);
    return norm;
  }

  /** Sums duplicate rows; returns the squared norm. */
  #prepare(parameter: Parameter, gradient: ParameterGradient | undefined): number {
    if (gradient === undefined) throw new Error(`The parameter "${parameter.name}" has no gradient.`);
    if (gradient instanceof Float32Array) return squareSum(gradient, gradient.length);
    const table = this.#table(parameter);
    table.clear();
    table.add(gradient.indices, gradient.rows);
    return squareSum(table.sums, table.count * table.width);
  }

  #table({ name, dims, size }: Parameter): RowGradient {
    let table = this.#tables.get(name);
    if (!table) {
      table = new RowGradient(dims[0], size / dims[0]);
      this.#tables.set(name, table);
    }
    return table;
  }

  #apply(parameter: Parameter, gradient: ParameterGradient | undefined, scale: number, learningRate: number): void {
    const decay = parameter.dims.length > 1 ? learningRate * this.#weightDecay : 0;
    if (gradient instanceof Float32Array) {
      this.#update(parameter.offset, gradient, 0, gradient.length, scale, learningRate, decay);
      return;
    }
    const { rows, count, width, sums } = this.#table(parameter);
    for (let i = 0; i < count; i++) {
      this.#update(parameter.offset + rows[i] * width, sums, i * width, width, scale, learningRate, decay);
    }
  }

  /** The formula above over one stretch of weights, with all that is constant taken out of the loop. */
  #update(
    at: number,
    g: Float32Array,
    from: number,
    length: number,
    scale: number,
    learningRate: number,
    decay: number,
  ): void {
    const { values } = this.#parameters;
    const [m, v, beta1, beta2, epsilon] = [this.#m, this.#v, this.#beta1, this.#beta2, this.#epsilon];
    const correction1 = learningRate / (1 - beta1 ** this.#step);
    const correction2 = 1 / Math.sqrt(1 - beta2 ** this.#step);
    for (let i = 0; i < length; i++) {
      const gradient = scale * g[from + i];
      const j = at + i;
      const first = beta1 * m[j] + (1 - beta1) * gradient;
      const second = beta2 * v[j] + (1 - beta2) * gradient * gradient;
      m[j] = first;
      v[j] = second;
      values[j] -= (correction1 * first) / (Math.sqrt(second) * correction2 + epsilon) + decay * values[j];
    }
  }
}

function squareSum(values: Float32Array, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += values[i] * values[i];
  return sum;
}
