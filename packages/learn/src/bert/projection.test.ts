import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Matrix, multiply } from '../linear-algebra/matrix.js';
import { Random } from '../random.js';
import { principalProjection } from './projection.js';

/** Each row with mean 0 and variance 1. */
function normalized({ rows, columns, values }: Matrix): Matrix {
  const out = values.slice();
  for (let i = 0; i < rows; i++) {
    const row = out.subarray(i * columns, (i + 1) * columns);
    const mean = row.reduce((sum, value) => sum + value, 0) / columns;
    const deviation = Math.sqrt(row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / columns);
    for (let j = 0; j < columns; j++) row[j] = (row[j] - mean) / deviation;
  }
  return { rows, columns, values: out };
}

/** Random rows of `rank` hidden directions, the first of them strongest. */
function states(rows: number, columns: number, rank: number, seed: number): Matrix {
  const random = new Random(seed);
  const matrix = (height: number, width: number, size: (row: number) => number): Matrix => ({
    rows: height,
    columns: width,
    values: Float32Array.from({ length: height * width }, (_, i) => size(Math.floor(i / width)) * random.normal()),
  });
  return multiply(
    matrix(rows, rank, () => 1),
    matrix(rank, columns, (row) => 1 / (1 + row)),
  );
}

describe('principalProjection', () => {
  const shapes = fc
    .record({
      from: fc.integer({ min: 6, max: 40 }),
      share: fc.double({ min: 0.2, max: 0.95, noNaN: true }),
      seed: fc.nat(1e6),
    })
    .map(({ from, share, seed }) => ({ from, to: Math.max(3, Math.floor(share * from)), seed }));

  it('is orthonormal, and LayerNormalization commutes with it up to a factor', () => {
    fc.assert(
      fc.property(shapes, ({ from, to, seed }) => {
        const raw = states(30, from, from, seed);
        const { matrix } = principalProjection(normalized(raw), to, seed);
        expect([matrix.rows, matrix.columns]).toEqual([from, to]);
        const gram = multiply(matrix, matrix, { transposeA: true }).values;
        for (let i = 0; i < to * to; i++) expect(gram[i]).toBeCloseTo(i % (to + 1) === 0 ? 1 : 0, 4);
        // LN(x·P) is LN(x)·P, brought to the size that a normalized vector of `to` elements has.
        const before = normalized(multiply(raw, matrix)).values;
        const after = normalized(multiply(normalized(raw), matrix)).values;
        for (let i = 0; i < before.length; i++) expect(before[i]).toBeCloseTo(after[i], 2);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps all of states that have no more directions than that, and the strongest of others', () => {
    fc.assert(
      fc.property(shapes, ({ from, to, seed }) => {
        // One direction of P is the mean's, which normalized states have nothing of.
        const few = normalized(states(60, from, to - 2, seed));
        expect(principalProjection(few, to, seed).kept).toBeGreaterThan(0.999);
        const many = normalized(states(60, from, from, seed));
        const { kept } = principalProjection(many, to, seed);
        expect(kept).toBeLessThanOrEqual(1 + 1e-5);
        expect(kept).toBeGreaterThan((to - 1) / from);
      }),
      { numRuns: 40 },
    );
  });
});
