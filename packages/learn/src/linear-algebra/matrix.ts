import type { Random } from '../random.js';

/** A dense matrix `[rows, columns]`, row-major. */
export interface Matrix {
  rows: number;
  columns: number;
  values: Float32Array;
}

/** A·B, or Aᵀ·B with `transposeA`. Sums are kept in float64. */
export function multiply(a: Matrix, b: Matrix, { transposeA = false } = {}): Matrix {
  const left = transposeA ? transpose(a) : a;
  const { columns } = b;
  const values = new Float32Array(left.rows * columns);
  const sums = new Float64Array(columns);
  // Four rows of B at a time: the sums are then loaded and stored once for four products.
  const whole = left.columns - (left.columns % 4);
  for (let i = 0; i < left.rows; i++) {
    sums.fill(0);
    const row = left.values.subarray(i * left.columns, (i + 1) * left.columns);
    for (let k = 0; k < whole; k += 4) {
      const [w0, w1, w2, w3] = [row[k], row[k + 1], row[k + 2], row[k + 3]];
      const b0 = k * columns;
      const b1 = b0 + columns;
      const b2 = b1 + columns;
      const b3 = b2 + columns;
      for (let j = 0; j < columns; j++) {
        sums[j] += w0 * b.values[b0 + j] + w1 * b.values[b1 + j] + w2 * b.values[b2 + j] + w3 * b.values[b3 + j];
      }
    }
    for (let k = whole; k < row.length; k++) {
      for (let j = 0; j < columns; j++) sums[j] += row[k] * b.values[k * columns + j];
    }
    values.set(sums, i * columns);
  }
  return { rows: left.rows, columns, values };
}

/** The named columns, in that order. */
export function pickColumns({ rows, columns, values }: Matrix, picked: readonly number[]): Matrix {
  const out = new Float32Array(rows * picked.length);
  for (let i = 0; i < rows; i++) {
    for (const [j, column] of picked.entries()) out[i * picked.length + j] = values[i * columns + column];
  }
  return { rows, columns: picked.length, values: out };
}

/** The named rows, in that order. */
export function pickRows({ columns, values }: Matrix, picked: readonly number[]): Matrix {
  const out = new Float32Array(picked.length * columns);
  for (const [i, row] of picked.entries()) out.set(values.subarray(row * columns, (row + 1) * columns), i * columns);
  return { rows: picked.length, columns, values: out };
}

/** At most `most` of the rows: all, or every n-th. */
export function thinnedRows({ rows, columns, values }: Matrix, most: number): Matrix {
  const step = Math.ceil(rows / most);
  if (step <= 1) return { rows, columns, values };
  const kept = Math.ceil(rows / step);
  const out = new Float32Array(kept * columns);
  for (let i = 0; i < kept; i++) out.set(values.subarray(i * step * columns, (i * step + 1) * columns), i * columns);
  return { rows: kept, columns, values: out };
}

/**
 * Makes the rows, at most as many as there are columns, orthonormal from the first on (modified Gram-Schmidt, twice for accuracy). A row
 * that the ones before it span is drawn anew.
 */
export function orthonormalizeRows({ rows, columns, values }: Matrix, random: Random): void {
  const row = (i: number) => values.subarray(i * columns, (i + 1) * columns);
  for (let i = 0; i < rows; i++) {
    const own = row(i);
    let before = dot(own, own);
    let square = removeRows(own, i, row);
    while (!(square > SPANNED * before)) {
      for (let j = 0; j < columns; j++) own[j] = random.normal();
      before = dot(own, own);
      square = removeRows(own, i, row);
    }
    const scale = 1 / Math.sqrt(square);
    for (let j = 0; j < columns; j++) own[j] *= scale;
  }
}

/** Share of a row's square below which what is left of it is rounding error. */
const SPANNED = 1e-10;

/** Takes the first `count` rows out of `own`; what is left has this square. */
function removeRows(own: Float32Array, count: number, row: (i: number) => Float32Array): number {
  for (let pass = 0; pass < 2; pass++) {
    for (let k = 0; k < count; k++) {
      const other = row(k);
      const share = dot(own, other);
      for (let j = 0; j < own.length; j++) own[j] -= share * other[j];
    }
  }
  return dot(own, own);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export function transpose({ rows, columns, values }: Matrix): Matrix {
  const out = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = values[i * columns + j];
  return { rows: columns, columns: rows, values: out };
}
