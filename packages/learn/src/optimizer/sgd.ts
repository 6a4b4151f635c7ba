import type { Gradients } from './gradients.js';
import { SGD_BYTES } from './kernel-bytes.js';
import type { Optimizer, StepOptions } from './optimizer.js';
import type { Parameter, Parameters } from './parameters.js';

export interface SgdOptions {
  /** μ, 0 to below 1; default 0.9. */
  momentum?: number;
  /** Whether to step by the gradient at the place where the momentum leads; default false. */
  nesterov?: boolean;
  /** Weight decay, added to the gradient as L2 regularization, of matrices only; default 0. */
  weightDecay?: number;
  /** Factor on the learning rate of single parameters, by name; default 1. */
  rates?: ReadonlyMap<string, number>;
}

/** kernels/sgd.wat. Addresses in bytes, lengths in floats; the scalars are scale, decay, momentum, ofDirection, ofVelocity. */
interface SgdKernels {
  update(w: number, v: number, g: number, n: number, ...scalars: number[]): void;
  updateRows(w: number, v: number, g: number, rows: number, count: number, width: number, ...scalars: number[]): void;
}

/**
 * Stochastic gradient descent with momentum, in the form of PyTorch's SGD (Sutskever et al. 2013): with gradient g and learning
 * rate η,
 *
 *     d = g + decay·w,   v ← μ·v + d
 *     w ← w - η·v,   with Nesterov's momentum w ← w - η·(d + μ·v)
 *
 * A row of a table, updated lazily, keeps its velocity until it is touched again.
 */
export class Sgd implements Optimizer {
  readonly #parameters: Parameters;
  readonly #options: Required<SgdOptions>;
  readonly #kernels: SgdKernels;

  /** @param parameters with one of `states` each: the velocity */
  constructor(parameters: Parameters, options: SgdOptions = {}) {
    this.#parameters = parameters;
    this.#options = { momentum: 0.9, nesterov: false, weightDecay: 0, ...options, rates: options.rates ?? new Map() };
    this.#kernels = parameters.memory.load<SgdKernels>(SGD_BYTES);
  }

  step(gradients: Gradients, { learningRate, scale }: StepOptions): void {
    const { momentum, nesterov, weightDecay, rates } = this.#options;
    for (const parameter of this.#parameters.list) {
      const own = learningRate * (rates.get(parameter.name) ?? 1);
      const decay = parameter.dims.length > 1 ? weightDecay : 0;
      const [ofDirection, ofVelocity] = nesterov ? [own, own * momentum] : [0, own];
      this.#update(parameter, gradients, [scale, decay, momentum, ofDirection, ofVelocity]);
    }
  }

  #update(parameter: Parameter, gradients: Gradients, scalars: number[]): void {
    const { values, states } = parameter;
    const [w, v] = [values.byteOffset, states[0].byteOffset];
    const table = gradients.rowsOf(parameter);
    if (table) {
      const { sums, rows, count, width } = table;
      this.#kernels.updateRows(w, v, sums.byteOffset, rows.byteOffset, count, width, ...scalars);
    } else {
      this.#kernels.update(w, v, gradients.denseOf(parameter).byteOffset, values.length, ...scalars);
    }
  }
}
