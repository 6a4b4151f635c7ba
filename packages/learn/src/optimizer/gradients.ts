import type { Parameter, Parameters } from './parameters.js';
import { RowGradient } from './row-gradient.js';

/** The gradient of one parameter as a run of the training graph gives it: dense, or as rows of a table. */
export type ParameterGradient = Float32Array | { indices: BigInt64Array; rows: Float32Array };

/**
 * The gradient of one step, brought into the memory of the parameters. It may come in several runs, each over a part of the rows:
 * the mean over all rows is the sum of the parts' means, weighted by their share of the rows.
 */
export class Gradients {
  readonly #parameters: Parameters;
  readonly #tables: Map<string, RowGradient>;

  constructor(parameters: Parameters) {
    this.#parameters = parameters;
    this.#tables = new Map(
      parameters.list.flatMap(({ name, rows, gradient }) => (rows ? [[name, new RowGradient(rows, gradient)]] : [])),
    );
  }

  /** Forgets the last step's. */
  clear(): void {
    for (const table of this.#tables.values()) table.clear();
    for (const { sum } of this.#parameters.list) sum?.fill(0);
  }

  /**
   * Adds the gradients of one run.
   *
   * @param gradients by parameter name, one for each
   * @param share of the step's rows that the run was over; 1 for all of them
   */
  add(gradients: ReadonlyMap<string, ParameterGradient>, share = 1): void {
    for (const parameter of this.#parameters.list) {
      const gradient = gradients.get(parameter.name);
      if (gradient === undefined) throw new Error(`The parameter "${parameter.name}" has no gradient.`);
      this.#add(parameter, gradient, share);
    }
  }

  #add(parameter: Parameter, gradient: ParameterGradient, share: number): void {
    const { name, sum } = parameter;
    if (!(gradient instanceof Float32Array)) {
      const table = this.#tables.get(name);
      if (!table) throw new Error(`The gradient of "${name}" comes as rows, but it is kept as a whole.`);
      table.add(gradient.indices, gradient.rows, share);
      return;
    }
    // The graph may have written it there itself: then nothing is left to copy.
    if (gradient !== parameter.gradient) parameter.gradient.set(gradient);
    if (sum) this.#parameters.memory.addScaled(sum, parameter.gradient, share);
  }

  /** The touched rows of a table; undefined for a parameter whose gradient is dense. */
  rowsOf({ name }: Parameter): RowGradient | undefined {
    return this.#tables.get(name);
  }

  /** The step's gradient of a parameter that is no table. */
  denseOf({ sum, gradient }: Parameter): Float32Array {
    return sum ?? gradient;
  }

  /** L2 norm of the whole gradient. */
  norm(): number {
    const { list, memory } = this.#parameters;
    let square = 0;
    for (const parameter of list) {
      const table = this.rowsOf(parameter);
      square += table
        ? memory.squareSum(table.sums, table.count * table.width)
        : memory.squareSum(this.denseOf(parameter));
    }
    return Math.sqrt(square);
  }
}
