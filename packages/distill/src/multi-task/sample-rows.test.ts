import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleRows } from './sample-rows.js';

const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 2, maxLength: 5 });
const rowsOf = (counts: number[]) =>
  counts.map((count, k) => Int32Array.from({ length: count }, (_, i) => 1000 * k + i));

describe('sampleRows', () => {
  it('has every row of every task, in proportion to size^α', () => {
    fc.assert(
      fc.property(sizes, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(9), (counts, alpha, seed) => {
        const rows = rowsOf(counts);
        const sampled = sampleRows(rows, { alpha, seed });
        const most = Math.max(...counts);
        for (const [k, own] of sampled.entries()) {
          expect(own.length).toBe(Math.max(counts[k]!, Math.round(most * (counts[k]! / most) ** alpha)));
          const times = new Map<number, number>();
          for (const row of own) times.set(row, (times.get(row) ?? 0) + 1);
          expect([...times.keys()].toSorted((a, b) => a - b)).toEqual(Array.from(rows[k]!));
          const seen = [...times.values()];
          expect(Math.max(...seen) - Math.min(...seen)).toBeLessThanOrEqual(1);
        }
        expect(sampleRows(rows, { alpha, seed })).toEqual(sampled);
      }),
      { numRuns: 30 },
    );
  });

  it('takes every row once at α = 1, as many of each task at α = 0, and none of a task without rows', () => {
    const lengths = (alpha: number) => sampleRows(rowsOf([3, 10]), { alpha, seed: 1 }).map(({ length }) => length);
    expect(lengths(1)).toEqual([3, 10]);
    expect(lengths(0)).toEqual([10, 10]);
    expect(sampleRows([new Int32Array(0), Int32Array.of(1, 2)], { alpha: 0, seed: 1 })[0]).toHaveLength(0);
  });
});
