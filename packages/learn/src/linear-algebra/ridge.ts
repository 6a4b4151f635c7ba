import { type Matrix, multiply, pickRows, thinnedRows, transpose } from './matrix.js';

/** An affine map of rows, x·W + b. */
export interface RidgeMap {
  /** W `[from, to]`. */
  matrix: Matrix;
  /** b `[to]`. */
  offset: Float64Array;
  /** R² on rows that were held out while the penalty was chosen: 1 is exact, 0 no better than the mean of all rows. */
  fit: number;
}

/** Rows that a map is fitted to; of more, every n-th is taken. */
const MOST_ROWS = 8192;

/** Penalties that are tried, as shares of the mean square of a column. */
const PENALTIES = [0.0001, 0.001, 0.01, 0.1, 1];

/** Share of the rows' squares below which they do not differ but by rounding. */
const ROUNDING = 1e-12;

/** One in so many rows is held out. */
const FOLD = 5;

/**
 * Ridge regression (Hoerl & Kennard 1970) of the rows of `y` on those of `x`: the W and b that make Σ‖xᵢ·W + b - yᵢ‖² + λ‖W‖² least. λ is the
 * one that fits every fifth row best when the map is made of the others.
 *
 * @param x `[rows, from]` @param y `[rows, to]`; at least 5 rows
 */
export function ridgeMap(x: Matrix, y: Matrix): RidgeMap {
  const [inputs, outputs] = [thinnedRows(x, MOST_ROWS), thinnedRows(y, MOST_ROWS)];
  const rows = Array.from({ length: inputs.rows }, (_, i) => i);
  const isHeld = (row: number) => row % FOLD === FOLD - 1;
  const part = (picked: number[]): Sample => ({ x: pickRows(inputs, picked), y: pickRows(outputs, picked) });
  const fitted = momentsOf(part(rows.filter((row) => !isHeld(row))));
  const held = part(rows.filter(isHeld));
  const tried = PENALTIES.map((penalty) => ({ penalty, fit: fitOf(mapOf(fitted, penalty), held, fitted.means.y) }));
  // Not a number where a penalty was too small for the precision of the sums.
  const finite = tried.filter(({ fit }) => Number.isFinite(fit));
  const best = finite.reduce((a, b) => (b.fit > a.fit ? b : a), finite[0] ?? { penalty: 1, fit: 0 });
  return { ...mapOf(momentsOf({ x: inputs, y: outputs }), best.penalty), fit: best.fit };
}

/** x·W + b for each row. */
export function applyMap({ matrix, offset }: Pick<RidgeMap, 'matrix' | 'offset'>, x: Matrix): Matrix {
  const { rows, columns, values } = multiply(x, matrix);
  return { rows, columns, values: values.map((value, i) => value + offset[i % columns]) };
}

interface Sample {
  x: Matrix;
  y: Matrix;
}

interface Moments {
  means: { x: Float64Array; y: Float64Array };
  /** Sums over the rows, of columns less their means: `[from, from]`. */
  xx: Matrix;
  /** `[from, to]`. */
  xy: Matrix;
}

function momentsOf({ x, y }: Sample): Moments {
  const means = { x: meanOf(x), y: meanOf(y) };
  const centred = less(x, means.x);
  const across = transpose(centred);
  return { means, xx: multiply(across, centred), xy: multiply(across, less(y, means.y)) };
}

function mapOf({ means, xx, xy }: Moments, penalty: number): Pick<RidgeMap, 'matrix' | 'offset'> {
  const { rows: from } = xx;
  const { columns: to } = xy;
  const system = Float64Array.from(xx.values);
  let trace = 0;
  for (let i = 0; i < from; i++) trace += system[i * from + i];
  // A column that never changes has nothing to say: without the least penalty the system would be singular.
  const added = Math.max((penalty * trace) / from, Number.EPSILON);
  for (let i = 0; i < from; i++) system[i * from + i] += added;
  const solution = solvePositive(system, Float64Array.from(xy.values), from, to);
  const offset = means.y.map((mean, j) => means.x.reduce((rest, x, i) => rest - x * solution[i * to + j], mean));
  return { matrix: { rows: from, columns: to, values: Float32Array.from(solution) }, offset };
}

/** R² of a map on rows, against `mean` as the guess without it. */
function fitOf(map: Pick<RidgeMap, 'matrix' | 'offset'>, { x, y }: Sample, mean: Float64Array): number {
  const guessed = applyMap(map, x).values;
  let [left, all, square] = [0, 0, 0];
  for (const [i, value] of y.values.entries()) {
    left += (value - guessed[i]) ** 2;
    all += (value - mean[i % y.columns]) ** 2;
    square += value ** 2;
  }
  return all > ROUNDING * square ? 1 - left / all : 0;
}

function meanOf({ rows, columns, values }: Matrix): Float64Array {
  const mean = new Float64Array(columns);
  for (const [i, value] of values.entries()) mean[i % columns] += value / rows;
  return mean;
}

function less({ rows, columns, values }: Matrix, mean: Float64Array): Matrix {
  return { rows, columns, values: values.map((value, i) => value - mean[i % columns]) };
}

/**
 * The solution X of A·X = B for a symmetric positive definite A, by its Cholesky factor. Both arrays are overwritten; B becomes X.
 *
 * @param a `[size, size]` @param b `[size, columns]`
 */
function solvePositive(a: Float64Array, b: Float64Array, size: number, columns: number): Float64Array {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * size + j];
      for (let k = 0; k < j; k++) sum -= a[i * size + k] * a[j * size + k];
      a[i * size + j] = i === j ? Math.sqrt(Math.max(sum, Number.MIN_VALUE)) : sum / a[j * size + j];
    }
  }
  // L·Z = B from the first row on, then Lᵀ·X = Z from the last.
  const solveRow = (i: number, before: Iterable<number>, factor: (k: number) => number) => {
    for (const k of before) {
      const weight = factor(k);
      for (let c = 0; c < columns; c++) b[i * columns + c] -= weight * b[k * columns + c];
    }
    for (let c = 0; c < columns; c++) b[i * columns + c] /= a[i * size + i];
  };
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, k) => from + k);
  for (let i = 0; i < size; i++) solveRow(i, range(0, i), (k) => a[i * size + k]);
  for (let i = size - 1; i >= 0; i--) solveRow(i, range(i + 1, size), (k) => a[k * size + i]);
  return b;
}
