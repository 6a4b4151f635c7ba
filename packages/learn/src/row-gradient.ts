/**
 * Sums the rows of a sparse gradient that belong to one row of the table. A batch of texts names frequent n-grams many times; the
 * optimizer must see each once, with the sum.
 */
export class RowGradient {
  /** Distinct rows of the table that the last `add`s touched. */
  count = 0;
  /** Which they are: the first `count` elements. */
  readonly rows: Int32Array;
  /** Their summed gradients, `[count, width]` in the order of `rows`. */
  sums: Float32Array;
  readonly width: number;
  /** Place of each row of the table in `rows`, -1 for one not touched. */
  readonly #place: Int32Array;

  constructor(tableRows: number, width: number) {
    this.width = width;
    this.rows = new Int32Array(tableRows);
    this.sums = new Float32Array(256 * width);
    this.#place = new Int32Array(tableRows).fill(-1);
  }

  clear(): void {
    for (let i = 0; i < this.count; i++) this.#place[this.rows[i]] = -1;
    this.count = 0;
  }

  /**
   * Adds `gradients` `[n, width]` at `indices` (`n`; negative ones count from the end). A gradient of exactly zero touches nothing,
   * so that padding, which has none, leaves no trace in lazily kept moments.
   */
  add(indices: BigInt64Array, gradients: Float32Array): void {
    const { width } = this;
    for (let i = 0; i < indices.length; i++) {
      const from = i * width;
      if (isZero(gradients, from, from + width)) continue;
      const index = Number(indices[i]);
      const row = index < 0 ? index + this.#place.length : index;
      const place = this.#place[row];
      if (place < 0) this.#append(row, gradients, from);
      else {
        const to = place * width;
        for (let j = 0; j < width; j++) this.sums[to + j] += gradients[from + j];
      }
    }
  }

  #append(row: number, gradients: Float32Array, from: number): void {
    const { width } = this;
    const to = this.count * width;
    if (to + width > this.sums.length) {
      const larger = new Float32Array(2 * this.sums.length);
      larger.set(this.sums);
      this.sums = larger;
    }
    for (let j = 0; j < width; j++) this.sums[to + j] = gradients[from + j];
    this.#place[row] = this.count;
    this.rows[this.count++] = row;
  }
}

function isZero(values: Float32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (values[i] !== 0) return false;
  return true;
}
