import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dominates, paretoFront, paretoFronts } from './pareto-front.js';

/** Few different values, so that ties are common. */
const points = fc.array(fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4)), { maxLength: 30 });
const costs = (point: number[]) => point;

describe('paretoFront', () => {
  it('is the points that nothing dominates, each of the others being dominated by one of them', () => {
    fc.assert(
      fc.property(points, (all) => {
        const front = new Set(paretoFront(all, costs));
        for (const point of all) {
          const beaten = all.some((other) => dominates(other, point));
          expect(front.has(point)).toBe(!beaten);
          if (beaten) expect([...front].some((other) => dominates(other, point))).toBe(true);
        }
      }),
    );
  });

  it('has the same costs whatever the order', () => {
    fc.assert(
      fc.property(points, (all) => {
        const sorted = (front: number[][]) => front.map(String).sort();
        expect(sorted(paretoFront(all.toReversed(), costs))).toEqual(sorted(paretoFront(all, costs)));
      }),
    );
  });

  it('sorts what is left into fronts: all points once, each beaten by one of the front before', () => {
    fc.assert(
      fc.property(points, (all) => {
        const fronts = paretoFronts(all, costs);
        expect(fronts.flat()).toHaveLength(all.length);
        for (const [i, front] of fronts.entries()) {
          if (i === 0) continue;
          for (const point of front) expect(fronts[i - 1]!.some((other) => dominates(other, point))).toBe(true);
        }
      }),
    );
  });

  it('keeps both of two equal points', () => {
    expect(
      paretoFront(
        [
          [1, 2],
          [1, 2],
          [2, 2],
        ],
        costs,
      ),
    ).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
});
