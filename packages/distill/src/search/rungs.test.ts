import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRungs, rungEpochs } from './rungs.js';

const settings = fc.record({
  eta: fc.integer({ min: 2, max: 8 }),
  firstShare: fc.double({ min: 0.01, max: 1, noNaN: true }),
});

describe('planRungs', () => {
  it('halves as the paper does', () => {
    // Li et al. 2018, table 1, bracket s = 4 in shares of R = 81: 81 trials of 1, 27 of 3, 9 of 9, 3 of 27, 1 of 81. The last of
    // them compares nothing, so the one before trains in full.
    const shares = planRungs(81, { eta: 3, firstShare: 1 / 81 }).map(({ trials, share }) => [
      trials,
      Math.round(81 * share),
    ]);
    expect(shares).toEqual([
      [81, 1],
      [27, 3],
      [9, 9],
      [3, 81],
    ]);
  });

  it('is one rung of full trainings where there is nothing to halve', () => {
    expect(planRungs(20, { eta: 3, firstShare: 1 })).toEqual([{ trials: 20, share: 1 }]);
    expect(planRungs(3, { eta: 3, firstShare: 0.1 })).toEqual([{ trials: 3, share: 1 }]);
    expect(planRungs(1, { eta: 2, firstShare: 0.1 })).toEqual([{ trials: 1, share: 1 }]);
  });

  it('takes fewer candidates to longer trainings, and ends in full ones', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), settings, (trials, options) => {
        const rungs = planRungs(trials, options);
        expect(rungs[0]!.trials).toBe(trials);
        expect(rungs.at(-1)!.share).toBe(1);
        for (const [i, { trials: left, share }] of rungs.entries()) {
          const next = rungs[i + 1];
          if (next === undefined) continue;
          expect(next.trials).toBe(Math.floor(left / options.eta));
          expect(next.trials).toBeGreaterThanOrEqual(2);
          expect(next.share).toBeGreaterThan(share);
        }
      }),
    );
  });
});

it('gives every trial at least one epoch, and a full one all', () => {
  expect(rungEpochs(15, { trials: 9, share: 0.01 })).toBe(1);
  expect(rungEpochs(15, { trials: 9, share: 0.125 })).toBe(2);
  expect(rungEpochs(15, { trials: 9, share: 1 })).toBe(15);
});
