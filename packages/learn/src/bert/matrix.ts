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

/** Makes the rows orthonormal, from the first on (modified Gram-Schmidt, twice for accuracy). A row that depends on others becomes 0. */
export function orthonormalizeRows({ rows, columns, values }: Matrix): void {
  const row = (i: number) => values.subarray(i * columns, (i + 1) * columns);
  for (let i = 0; i < rows; i++) {
    const own = row(i);
    const before = dot(own, own);
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < i; k++) {
        const other = row(k);
        const share = dot(own, other);
        for (let j = 0; j < columns; j++) own[j] -= share * other[j];
      }
    }
    const square = dot(own, own);
    const scale = square > 1e-10 * before ? 1 / Math.sqrt(square) : 0;
    for (let j = 0; j < columns; j++) own[j] *= scale;
  }
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
