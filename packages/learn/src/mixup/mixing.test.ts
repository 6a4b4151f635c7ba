import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../random.js';
import { symmetricBeta } from './beta.js';
import { drawMixing } from './mixing.js';

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const covariance = (x: number[], y: number[]) => mean(x.map((value, i) => value * y[i]!)) - mean(x) * mean(y);

describe('symmetricBeta', () => {
  it.each([0.1, 0.4, 1, 5])('has the mean and the variance of Beta(%d, %d)', (alpha) => {
    const random = new Random(7);
    const draws = Array.from({ length: 20_000 }, () => symmetricBeta(random, alpha));
    // The standard error of the mean is at most 0.5/√20000 = 0.0035, and that of the variance below it.
    expect(Math.abs(mean(draws) - 0.5)).toBeLessThan(0.015);
    expect(Math.abs(covariance(draws, draws) - 1 / (4 * (2 * alpha + 1)))).toBeLessThan(0.008);
  });

  it('is uniform for α = 1', () => {
    const random = new Random(3);
    const draws = Array.from({ length: 20_000 }, () => symmetricBeta(random, 1)).sort((a, b) => a - b);
    const distance = Math.max(...draws.map((draw, i) => Math.abs(draw - (i + 0.5) / draws.length)));
    // Kolmogorov-Smirnov: 1.95/√20000 is exceeded by one seed in a thousand.
    expect(distance).toBeLessThan(0.0138);
  });

  it('is a share for the smallest α and the largest', () => {
    const alpha = fc.oneof(
      fc.constantFrom(Number.MIN_VALUE, 1e-300, 1e-9),
      fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
    );
    fc.assert(
      fc.property(alpha, fc.nat(2 ** 32 - 1), (given, seed) => {
        const share = symmetricBeta(new Random(seed), given);
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('drawMixing', () => {
  const run = fc.nat(1e6);
  const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });

  it('is a function of seed and run, and leads through all rows before it comes back to one', () => {
    fc.assert(
      fc.property(seed, run, fc.integer({ min: 1, max: 40 }), (ofTraining, at, rows) => {
        const options = { alpha: 0.3, seed: ofTraining, run: at };
        const { share, partners } = drawMixing(rows, options);
        expect(drawMixing(rows, options)).toEqual({ share, partners });
        const seen = new Set<number>();
        for (let row = 0; !seen.has(row); row = partners[row]!) seen.add(row);
        expect(seen.size).toBe(rows);
      }),
    );
  });

  it('draws anew in every run and for every seed', () => {
    const sharesOf = (ofTraining: number, from: number) =>
      Array.from({ length: 4000 }, (_, at) => drawMixing(2, { alpha: 1, seed: ofTraining, run: from + at }).share);
    const [shares, later, other] = [sharesOf(1, 0), sharesOf(1, 1), sharesOf(2, 0)];
    expect(new Set([...shares, ...other]).size).toBeGreaterThan(7990);
    // Correlations: covariances by the variance of uniform numbers, 1/12; of independent ones the standard error is 1/√4000 = 0.016.
    expect(12 * Math.abs(covariance(shares, later))).toBeLessThan(0.06);
    expect(12 * Math.abs(covariance(shares, other))).toBeLessThan(0.06);
  });
});
