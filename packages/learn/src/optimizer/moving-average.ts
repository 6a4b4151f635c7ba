import type { Gradients } from './gradients.js';
import type { Parameters } from './parameters.js';

interface AveragedTable {
  values: Float32Array;
  average: Float32Array;
  /** Of each row, the step that its average is up to. */
  upTo: Int32Array;
}

/**
 * Exponential moving average of the weights (Polyak & Juditsky 1992; with decay, as in Tarvainen & Valpola 2017), corrected for its
 * start: after step t it is Σ dᵗ⁻ⁱ·wᵢ / Σ dᵗ⁻ⁱ over the steps i = 1 … t, kept as
 *
 *     a ← a + α·(w - a),   α = (1 - d) / (1 - dᵗ)
 *
 * so that after the first step it is w itself, and no division is due when it is read.
 *
 * A row of a table stands still while no step touches it, so it need not be visited: from step s to step t with one w all along,
 * the steps above are together
 *
 *     a ← w + (a - w)·dᵗ⁻ˢ·(1 - dˢ)/(1 - dᵗ)
 *
 * which is made up for just before the row changes, and before the average is read. The average is that of a table whose rows
 * were all visited at every step, up to rounding.
 */
export class MovingAverage {
  readonly #parameters: Parameters;
  readonly #decay: number;
  readonly #tables: Map<string, AveragedTable>;

  /** @param parameters with averages @param decay d, above 0 and below 1 */
  constructor(parameters: Parameters, decay: number) {
    this.#parameters = parameters;
    this.#decay = decay;
    this.#tables = new Map(
      parameters.list.flatMap(({ name, values, average, rows }) =>
        rows && average ? [[name, { values, average, upTo: new Int32Array(rows.length) }]] : [],
      ),
    );
  }

  /** To be called before step `step` (1 for the first) changes the rows that its gradient touches. */
  before(step: number, gradients: Gradients): void {
    this.#visitTouched(step - 1, gradients);
  }

  /** To be called after step `step` has changed the weights. */
  after(step: number, gradients: Gradients): void {
    this.#visitTouched(step, gradients);
    const factor = this.#weightOf(step - 1, step);
    for (const { values, average, rows } of this.#parameters.list) {
      if (average && !rows) this.#parameters.memory.blend(average, values, factor);
    }
  }

  /** Brings all rows up to `step`, the last that was taken: to be called before the average is read. */
  settle(step: number): void {
    for (const table of this.#tables.values()) {
      for (let row = 0; row < table.upTo.length; row++) this.#visit(table, row, step);
    }
  }

  /** What a checkpoint must hold beside the averages: of each row of a table the step that its average is up to. Live views. */
  state(): [name: string, upTo: Int32Array][] {
    return [...this.#tables].map(([name, { upTo }]) => [name, upTo]);
  }

  #visitTouched(step: number, gradients: Gradients): void {
    for (const parameter of this.#parameters.list) {
      const table = this.#tables.get(parameter.name);
      const touched = gradients.rowsOf(parameter);
      if (!table || !touched) continue;
      for (let i = 0; i < touched.count; i++) this.#visit(table, touched.rows[i], step);
    }
  }

  #visit({ values, average, upTo }: AveragedTable, row: number, step: number): void {
    if (upTo[row] >= step) return;
    const factor = this.#weightOf(upTo[row], step);
    upTo[row] = step;
    const width = values.length / upTo.length;
    this.#parameters.memory.blend(average, values, factor, row * width, width);
  }

  /** How far the average moves towards weights that stood still from step `from` to step `to`. */
  #weightOf(from: number, to: number): number {
    const d = this.#decay;
    return 1 - (d ** (to - from) * (1 - d ** from)) / (1 - d ** to);
  }
}
