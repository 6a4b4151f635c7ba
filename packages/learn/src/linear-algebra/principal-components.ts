import { normalValues, type Random } from '../random.js';
import { type Matrix, multiply, orthonormalizeRows, thinnedRows, transpose } from './matrix.js';

/** Rounds of subspace iteration: the largest directions, which matter, are found long before. */
const ROUNDS = 8;
/** Of more rows every n-th is enough to find the directions. */
const MOST_SAMPLES = 4096;

/**
 * Principal components of the rows: their coordinates, less the mean, along the `count` directions in which they vary most
 * (found by subspace iteration).
 *
 * @param rows `[rows, width]` @param count at most width
 * @returns `[rows, count]`
 */
export function principalComponents(rows: Matrix, count: number, random: Random): Matrix {
  const centred = lessMean(rows);
  const samples = thinnedRows(centred, MOST_SAMPLES);
  const moments = multiply(samples, samples, { transposeA: true });
  // Directions are rows here.
  let basis: Matrix = { rows: count, columns: rows.columns, values: normalValues(random, count * rows.columns, 1) };
  orthonormalizeRows(basis, random);
  for (let round = 0; round < ROUNDS; round++) {
    basis = multiply(basis, moments);
    orthonormalizeRows(basis, random);
  }
  return multiply(centred, transpose(basis));
}

function lessMean({ rows, columns, values }: Matrix): Matrix {
  const mean = new Float64Array(columns);
  for (let i = 0; i < values.length; i++) mean[i % columns] += values[i] / rows;
  return { rows, columns, values: values.map((value, i) => value - mean[i % columns]) };
}
