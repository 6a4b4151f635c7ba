import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { learningRateAt, type Schedule } from './schedule.js';

const all: Schedule[] = ['constant', 'linear', 'cosine', 'one-cycle'];
const rates = (schedule: Schedule, steps: number, peak: number, warmup?: number) =>
  Array.from({ length: steps }, (_, step) => learningRateAt(step, { schedule, steps, peak, warmup }));

describe('learningRateAt', () => {
  it('is what the formulae say', () => {
    const close = (actual: number[], expected: number[]) => {
      expect(actual).toHaveLength(expected.length);
      for (const [i, rate] of actual.entries()) expect(rate).toBeCloseTo(expected[i]!, 12);
    };
    close(rates('constant', 5, 2, 0.4), [1, 2, 2, 2, 2]);
    close(rates('linear', 6, 4, 0.3), [2, 4, 4, 3, 2, 1]);
    const r = Math.SQRT1_2;
    close(rates('cosine', 6, 2, 0.3), [1, 2, 2, 1 + r, 1, 1 - r]);
    // From peak/25 over two steps to the peak, over four to peak/25/10⁴; half of the way in the middle.
    const [start, end] = [50 / 25, 50 / 25 / 1e4];
    close(
      [0, 1, 2, 4, 6].map((step) => rates('one-cycle', 7, 50, 3 / 7)[step]!),
      [start, (start + 50) / 2, 50, (50 + end) / 2, end],
    );
  });

  it('rises, never exceeds the peak, then never rises again', () => {
    const given = [
      fc.constantFrom(...all),
      fc.integer({ min: 1, max: 60 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
    ];
    fc.assert(
      fc.property(
        ...(given as [fc.Arbitrary<Schedule>, fc.Arbitrary<number>, fc.Arbitrary<number>]),
        (schedule, steps, warmup) => {
          const found = rates(schedule, steps, 0.1, warmup);
          const top = found.indexOf(Math.max(...found));
          for (const [i, rate] of found.entries()) {
            expect(rate).toBeGreaterThan(0);
            expect(rate).toBeLessThanOrEqual(0.1 * (1 + 1e-12));
            if (i > 0 && i <= top) expect(rate).toBeGreaterThanOrEqual(found[i - 1]!);
            if (i > top) expect(rate).toBeLessThanOrEqual(found[i - 1]! * (1 + 1e-12));
          }
        },
      ),
    );
  });

  it('warms up over a twentieth of the steps, of one-cycle over three tenths', () => {
    for (const schedule of all) {
      const share = schedule === 'one-cycle' ? 0.3 : 0.05;
      expect(rates(schedule, 100, 1)).toEqual(rates(schedule, 100, 1, share));
    }
  });
});
