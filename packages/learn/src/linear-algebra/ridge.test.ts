import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalValues, Random } from '../random.js';
import { type Matrix, multiply } from './matrix.js';
import { applyMap, ridgeMap } from './ridge.js';

const random = (rows: number, columns: number, seed: number): Matrix => ({
  rows,
  columns,
  values: normalValues(new Random(seed), rows * columns, 1),
});

describe('ridgeMap', () => {
  it('finds the affine map that made the rows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 5 }), fc.nat(1000), (from, to, seed) => {
        const x = random(200, from, seed);
        const made = multiply(x, random(from, to, seed + 1));
        const y = { ...made, values: made.values.map((value, i) => value + (i % to)) };
        const map = ridgeMap(x, y);
        expect(map.fit).toBeGreaterThan(0.999);
        for (const [i, value] of applyMap(map, x).values.entries()) expect(value).toBeCloseTo(y.values[i]!, 1);
      }),
      { numRuns: 30 },
    );
  });

  it('is the least of the penalized sum of squares: no step away from it is lower', () => {
    const [x, noise] = [random(60, 3, 7), random(60, 2, 8)];
    const y = { ...noise, values: multiply(x, random(3, 2, 9)).values.map((value, i) => value + 6 * noise.values[i]!) };
    const map = ridgeMap(x, y);
    const cost = (penalty: number, matrix: Matrix) => {
      const guessed = applyMap({ ...map, matrix }, x).values;
      const errors = y.values.reduce((sum, value, i) => sum + (value - guessed[i]!) ** 2, 0);
      return errors + penalty * matrix.values.reduce((sum, value) => sum + value ** 2, 0);
    };
    // Whichever penalty was chosen, the gradient of the errors is -2λ·W: it tells λ, the same for every weight.
    const step = 1e-2;
    const lambdas = Array.from(map.matrix.values, (weight, at) => {
      const moved = (by: number) => ({
        ...map.matrix,
        values: map.matrix.values.map((value, i) => (i === at ? value + by : value)),
      });
      return -(cost(0, moved(step)) - cost(0, moved(-step))) / (2 * step) / (2 * weight);
    });
    const [first] = lambdas;
    expect(first).toBeGreaterThan(0);
    for (const lambda of lambdas) expect(lambda / first!).toBeCloseTo(1, 1);
  });

  it('says when one tells nothing of the other', () => {
    expect(ridgeMap(random(300, 4, 1), random(300, 4, 2)).fit).toBeLessThan(0.05);
    expect(ridgeMap(random(30, 100, 3), random(30, 4, 4)).fit).toBeLessThan(0.3);
    const constant = { rows: 20, columns: 2, values: new Float32Array(40).fill(3) };
    const map = ridgeMap(constant, constant);
    expect(map.fit).toBe(0);
    expect(Array.from(applyMap(map, constant).values)).toEqual(Array(40).fill(3));
  });
});
