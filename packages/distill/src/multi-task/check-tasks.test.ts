import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DatasetShape } from '../dataset/dataset-shape.js';
import { taskProblems, tasksCompressionProblems, tasksSizeProblems } from './check-tasks.js';
import { resolveMultiTaskSpec } from './resolve-multi-task-spec.js';
import { sampleCounts, sampleRows } from './sample-rows.js';

const shape = (train: number): DatasetShape => ({
  rows: { train, valid: 1, test: 1 },
  labels: { a: { train, valid: 1, test: 1 } },
});
const specOf = (sampling: number) => resolveMultiTaskSpec({ multiTask: { sampling } }, ['x', 'y']);

describe('taskProblems', () => {
  it('says what one of several tasks lacks, and takes no label to be out of scope', () => {
    const labels = { a: { train: 3, valid: 0, test: 1 }, oos: { train: 2, valid: 0, test: 0 } };
    const given = { rows: { train: 5, valid: 0, test: 1 }, labels };
    expect(taskProblems(given, ['a', 'b'], specOf(1))).toEqual([
      { path: '/dataset', message: expect.stringContaining('"oos"') },
    ]);
    expect(taskProblems(given, ['a', 'b', 'oos'], specOf(1))).toEqual([]);
    expect(taskProblems({ rows: { train: 0, valid: 0, test: 0 }, labels: {} }, ['a'], specOf(1))).toMatchObject([
      { path: '/dataset' },
      { path: '/dataset' },
      { path: '/teacher' },
    ]);
  });
});

describe('tasksSizeProblems', () => {
  it('refuses what would not fit in memory, by the rows of an epoch and the labels of all tasks', () => {
    // 2^29 soft labels are allowed. α = 1: every row once; α = 0: as many of the small task as of the large one.
    const tasks = [
      { shape: shape(2 ** 20), labels: 200 },
      { shape: shape(10), labels: 100 },
    ];
    expect(tasksSizeProblems(tasks, specOf(1))).toEqual([]);
    expect(tasksSizeProblems(tasks, specOf(0))).toEqual([
      { path: '/spec/multiTask/sampling', message: expect.stringMatching(/2097152 rows with 300 labels.*536870912/) },
    ]);
  });
});

describe('tasksCompressionProblems', () => {
  it('refuses to compress what no row of any task could be checked on', () => {
    const unlabelled = { rows: { train: 5, valid: 0, test: 1 }, labels: { a: { train: 0, valid: 0, test: 1 } } };
    const compressed = resolveMultiTaskSpec({ compression: {} }, ['x', 'y']);
    expect(tasksCompressionProblems([unlabelled, unlabelled], compressed)).toEqual([
      { path: '/spec/compression', message: expect.stringContaining('needs validation rows') },
    ]);
    expect(tasksCompressionProblems([unlabelled, shape(10)], compressed)).toEqual([]);
    expect(tasksCompressionProblems([unlabelled, unlabelled], specOf(1))).toEqual([]);
  });
});

describe('sampleCounts', () => {
  it('is how many rows are drawn', () => {
    const rows = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rows, fc.double({ min: 0, max: 1, noNaN: true }), (counts, alpha) => {
        const drawn = sampleRows(
          counts.map((count) => Int32Array.from({ length: count }, (_, i) => i)),
          { alpha, seed: 1 },
        );
        expect(sampleCounts(counts, alpha)).toEqual(drawn.map(({ length }) => length));
      }),
    );
  });
});
