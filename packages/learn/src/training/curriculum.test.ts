import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tinyTraining } from '../../../../test/support/tiny-training.ts';
import { Curriculum, type CurriculumOptions } from './curriculum.js';
import { train } from './train.js';

const difficulty = (count: number) => Float32Array.from({ length: count }, (_, row) => (row * 7919) % 100);
const options = (changes: Partial<CurriculumOptions> = {}): CurriculumOptions => ({
  ...{ start: 0.2, until: 0.5, pacing: 'linear', difficulty: difficulty(100), ...changes },
});
const counts = (given: CurriculumOptions, epochs: number, batchSize = 1) => {
  const curriculum = new Curriculum(given, { epochs, batchSize });
  return Array.from({ length: epochs }, (_, i) => curriculum.rowsOf(i + 1));
};

describe('a curriculum', () => {
  it('grows as its formulas say', () => {
    expect(counts(options(), 10)).toEqual([20, 36, 52, 68, 84, 100, 100, 100, 100, 100]);
    const root = [0, 0.2, 0.4, 0.6, 0.8].map((x) => Math.round(100 * Math.sqrt(0.04 + 0.96 * x)));
    expect(counts(options({ pacing: 'root' }), 10).slice(0, 6)).toEqual([...root, 100]);
    // Never less than a batch, where there are so many rows.
    expect(counts(options({ start: 0.01 }), 10, 32).slice(0, 2)).toEqual([32, 32]);
    expect(counts(options({ difficulty: difficulty(5) }), 4, 32)).toEqual([5, 5, 5, 5]);
  });

  it('never takes a row away, has the easiest first, and all of them after its end', () => {
    const share = fc.double({ min: 0.01, max: 1, noNaN: true });
    const given = fc.record({
      ...{ start: share, until: share, pacing: fc.constantFrom('linear' as const, 'root' as const) },
      difficulty: fc
        .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 40 })
        .map((values) => Float32Array.from(values)),
    });
    fc.assert(
      fc.property(given, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 8 }), (one, epochs, batchSize) => {
        const curriculum = new Curriculum(one, { epochs, batchSize });
        let before = new Set<number>();
        for (let epoch = 1; epoch <= epochs; epoch++) {
          const rows = curriculum.rows(epoch);
          const taken = new Set(rows);
          expect(taken.size).toBe(curriculum.rowsOf(epoch));
          expect([...rows]).toEqual([...rows].sort((a, b) => a - b));
          expect([...before].every((row) => taken.has(row))).toBe(true);
          const hardest = Math.max(...[...taken].map((row) => one.difficulty[row]!));
          const left = one.difficulty.filter((_, row) => !taken.has(row));
          expect(left.every((value) => value >= hardest)).toBe(true);
          if (epoch - 1 >= one.until * epochs) expect(taken.size).toBe(one.difficulty.length);
          before = taken;
        }
      }),
    );
  });
});

describe('a training by a curriculum', () => {
  it('shows each epoch its rows, in as many steps as were told beforehand', async () => {
    const given = tinyTraining({ curriculum: options({ difficulty: difficulty(30) }), validate: undefined });
    const seen: number[] = [];
    const steps = new Set<number>();
    const { history } = await train({
      ...given,
      inputs: (rows, length) => {
        seen.push(...rows);
        return given.inputs(rows, length);
      },
      onProgress: (progress) => steps.add(progress.steps),
    });
    // 6, 18, 30 and 30 rows in batches of 6.
    const curriculum = new Curriculum(given.curriculum!, { epochs: 4, batchSize: 6 });
    let from = 0;
    for (const rows of [1, 2, 3, 4].map((epoch) => curriculum.rows(epoch))) {
      expect(Int32Array.from(seen.slice(from, from + rows.length)).sort()).toEqual(rows);
      from += rows.length;
    }
    expect(from).toBe(seen.length);
    expect([...steps]).toEqual([1 + 3 + 5 + 5]);
    expect(history).toHaveLength(4);
    expect(history.every(({ loss }) => loss > 0 && loss < 5)).toBe(true);
  });

  it.each<[Partial<CurriculumOptions>, string]>([
    [{ difficulty: difficulty(7) }, 'curriculum.difficulty has 7 entries for 30 training examples'],
    [{ difficulty: difficulty(30).fill(Number.NaN) }, 'curriculum.difficulty has a value that is no number'],
    [{ start: 0 }, 'curriculum.start must be'],
    [{ until: 1.1 }, 'curriculum.until must be'],
    [{ pacing: 'slow' as 'root' }, 'curriculum.pacing must be linear or root'],
  ])('refuses %j', async (changes, message) => {
    const curriculum = options({ difficulty: difficulty(30), ...changes });
    await expect(train(tinyTraining({ curriculum }))).rejects.toThrow(message);
  });
});
