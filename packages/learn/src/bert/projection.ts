import { type Matrix, multiply, orthonormalizeRows, thinnedRows, transpose } from '../linear-algebra/matrix.js';
import { normalValues, Random } from '../random.js';
import type { NormWeights } from './read-bert.js';

/** A map of hidden states to fewer coordinates, that every weight which reads or writes hidden states goes through. */
export interface Projection {
  /** P `[from, to]`, of orthonormal columns. */
  matrix: Matrix;
  /** ρ: the share of the variance of the hidden states that P keeps, 0 to 1. */
  kept: number;
}

/** Rounds of subspace iteration: the largest directions, which matter, are found long before. */
const ROUNDS = 8;
const MOST_SAMPLES = 2048;

/**
 * The projection of hidden states h `[states, from]` (the output of a layer normalization before its scale and bias) to `to`
 * coordinates h·P that loses least of them: the principal components of h, found by subspace iteration, turned so that LayerNormalization
 * still means the same. For that, 1/√from·(1,…,1), along which a normalized state has nothing, must become 1/√to·(1,…,1): P = [u, V]·Q with u
 * that direction, V the principal components and Q the reflection that takes the first axis to 1/√to·(1,…,1). The mean over the coordinates of
 * x·P is then the mean over those of x, times √(from/to), and
 *
 *     LN(x·P) = √(to / (ρ·from)) · LN(x)·P,    ρ = ‖LN(x)·P‖² / ‖LN(x)‖².
 *
 * (SliceGPT, Ashkboos et al. 2024, does the same to models with RMSNorm.)
 *
 * @param states normalized hidden states; of more than 2048 every n-th is used
 */
export function principalProjection(states: Matrix, to: number, seed: number): Projection {
  const from = states.columns;
  const samples = thinnedRows(states, MOST_SAMPLES);
  const moments = multiply(samples, samples, { transposeA: true });
  const random = new Random(seed);
  // Vectors are rows here: Pᵀ.
  let basis: Matrix = { rows: to, columns: from, values: normalValues(random, to * from, 1) };
  for (let round = 0; ; round++) {
    // The first stays u, and all others are kept orthogonal to it.
    basis.values.fill(1, 0, from);
    orthonormalizeRows(basis, random);
    if (round === ROUNDS) break;
    basis = multiply(basis, moments);
  }
  const matrix = transpose(multiply(firstAxisToDiagonal(to), basis));
  return { matrix, kept: squareSum(multiply(samples, matrix).values) / squareSum(samples.values) };
}

/**
 * A normalization's scale γ and bias β for projected states: with the states n·P̂ for n, diag(γ) becomes Pᵀ·diag(γ)·P, of which a
 * LayerNormalization has the diagonal, and ρ restores the size that P takes:
 *
 *     γ'_j = √(ρ·from/to) · Σᵢ Pᵢⱼ²·γᵢ,    β' = β·P.
 */
export function projectNorm({ scale, bias }: NormWeights, { matrix, kept }: Projection): NormWeights {
  const { rows, columns, values } = matrix;
  const size = Math.sqrt((kept * rows) / columns);
  const projected = new Float32Array(columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) projected[j] += size * values[i * columns + j] ** 2 * scale[i];
  }
  return { scale: projected, bias: multiply({ rows: 1, columns: rows, values: bias }, matrix).values };
}

/** The reflection (Householder 1958) that exchanges the first axis and the diagonal: Q·e₁ = (1,…,1)/√n; Q is symmetric and orthogonal. */
function firstAxisToDiagonal(n: number): Matrix {
  const difference = new Float64Array(n).fill(-1 / Math.sqrt(n));
  difference[0] += 1;
  const square = difference.reduce((sum, value) => sum + value * value, 0);
  const values = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const reflected = square === 0 ? 0 : (2 * difference[i] * difference[j]) / square;
      values[i * n + j] = (i === j ? 1 : 0) - reflected;
    }
  }
  return { rows: n, columns: n, values };
}

function squareSum(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
