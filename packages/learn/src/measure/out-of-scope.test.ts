import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inScopeScores, outOfScopeFigures } from './out-of-scope.js';

/** Few different values, so that there are ties. */
const scores = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 60 });

describe('outOfScopeFigures', () => {
  it('is what counting all pairs gives, whatever the ties', () => {
    fc.assert(
      fc.property(scores, scores, (inside, outside) => {
        const figures = outOfScopeFigures(Float64Array.from(inside), Float64Array.from(outside));
        const pairs = inside.flatMap((a) => outside.map((b) => (a > b ? 1 : a === b ? 0.5 : 0) as number));
        expect(figures.auroc).toBeCloseTo(pairs.reduce((sum, won) => sum + won, 0) / pairs.length, 12);
        // The highest threshold that 95% of the rows in scope reach.
        const reached = (t: number) => inside.filter((a) => a >= t).length >= 0.95 * inside.length - 1e-9;
        const threshold = Math.max(...inside.filter(reached));
        expect(figures.recallAt95).toBe(outside.filter((b) => b < threshold).length / outside.length);
      }),
    );
  });

  it('is 1 where the two never meet, and refuses to compare with nothing', () => {
    const apart = outOfScopeFigures(Float64Array.of(0.8, 0.9), Float64Array.of(0.1, 0.2, 0.3));
    expect(apart).toEqual({ auroc: 1, recallAt95: 1 });
    expect(() => outOfScopeFigures(Float64Array.of(1), new Float64Array(0))).toThrow(/need rows in scope/);
  });
});

describe('inScopeScores', () => {
  // Probabilities 0.6, 0.3, 0.1 and 0.1, 0.1, 0.8.
  const logits = Float32Array.from([0.6, 0.3, 0.1, 0.1, 0.1, 0.8].map(Math.log));

  it('are the largest probabilities, or those of not being out of scope', () => {
    const rounded = (values: Float64Array) => Array.from(values, (value) => Number(value.toFixed(6)));
    expect(rounded(inScopeScores(logits, 3))).toEqual([0.6, 0.8]);
    expect(rounded(inScopeScores(logits, 3, 2))).toEqual([0.9, 0.2]);
  });
});
