/**
 * Sums the rows of a sparse gradient that belong to one row of the table. A batch of texts names frequent n-grams many times; the
 * optimizer must see each once, with the sum.
 */
export class RowGradient {
  /** Distinct rows of the table that were touched since `clear`. */
  count = 0;
  /** Which they are: the first `count` elements. */
  readonly rows: Int32Array;
  /** Their summed gradients, `[count, width]` in the order of `rows`. */
  readonly sums: Float32Array;
  readonly width: number;
  /** Place of each row of the table in `rows`, -1 for one not touched. */
  readonly #place: Int32Array;

  /** @param rows as many as the table has, for its use. @param sums of the table's size. */
  constructor(rows: Int32Array, sums: Float32Array) {
    this.rows = rows;
    this.sums = sums;
    this.width = sums.length / rows.length;
    this.#place = new Int32Array(rows.length).fill(-1);
  }

  clear(): void {
    for (let i = 0; i < this.count; i++) this.#place[this.rows[i]] = -1;
    this.count = 0;
  }

  /**
   * Adds `factor` times `gradients` `[n, width]` at `indices` (`n`; negative ones count from the end). A gradient of exactly zero
   * touches nothing, so that padding, which has none, leaves no trace in lazily kept moments.
   */
  add(indices: BigInt64Array, gradients: Float32Array, factor = 1): void {
    const { width, sums, rows } = this;
    const place = this.#place;
    for (let i = 0; i < indices.length; i++) {
      const from = i * width;
      if (isZero(gradients, from, from + width)) continue;
      const index = Number(indices[i]);
      const row = index < 0 ? index + place.length : index;
      if (place[row] < 0) {
        const to = this.count * width;
        for (let j = 0; j < width; j++) sums[to + j] = factor * gradients[from + j];
        place[row] = this.count;
        rows[this.count++] = row;
      } else {
        const to = place[row] * width;
        for (let j = 0; j < width; j++) sums[to + j] += factor * gradients[from + j];
      }
    }
  }
}

function isZero(values: Float32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (values[i] !== 0) return false;
  return true;
}
