import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dataset, Teacher } from '../generated/prisma/client.js';
import { planTaskShards } from './submit.js';
import { taskOfShard, tasksOf } from './tasks-of.js';
import type { WorkedOn } from './teachers-of.js';

/** A job of tasks `t0`, `t1`, … whose datasets have so many rows; of the first also its further teachers. */
function job([first, ...others]: number[], furtherTeachers: string[] = []): WorkedOn {
  const dataset = (k: number, rows: number) => ({ id: `d${k}`, rows }) as Dataset;
  const teacher = (id: string) => ({ id }) as Teacher;
  return {
    ...{ taskName: 't0', dataset: dataset(0, first), teacher: teacher('m0') },
    furtherTeachers: furtherTeachers.map((id) => ({ teacher: teacher(id) })),
    furtherTasks: others.map((rows, i) => ({
      ...{ taskName: `t${i + 1}`, dataset: dataset(i + 1, rows), teacher: teacher(`m${i + 1}`) },
    })),
  } as WorkedOn;
}

describe('the shards of several tasks', () => {
  it('have every row of every task once, each shard the rows of one task', () => {
    const rows = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 40 }), (counts, shardRows) => {
        const shards = planTaskShards(counts, shardRows);
        expect(shards.map(({ index }) => index)).toEqual(shards.map((_, i) => i));
        const seen = counts.map((count) => Array<number>(count).fill(0));
        for (const shard of shards) {
          const { taskName, dataset, teachers, start, end } = taskOfShard(job(counts), shard);
          expect(end - start).toBe(shard.end - shard.start);
          expect(end).toBeLessThanOrEqual(dataset.rows);
          const k = Number(taskName.slice(1));
          expect(teachers.map(({ id }) => id)).toEqual([`m${k}`]);
          for (let row = start; row < end; row++) seen[k]![row]!++;
        }
        expect(seen.flat().every((times) => times === 1)).toBe(true);
      }),
    );
  });

  it('are those of the only task beyond its data, where its transfer set comes', () => {
    const single = job([10], ['m8', 'm9']);
    expect(taskOfShard(single, { start: 8, end: 16 })).toMatchObject({ taskName: 't0', start: 8, end: 16 });
    expect(taskOfShard(single, { start: 16, end: 20 })).toMatchObject({ taskName: 't0', start: 16, end: 20 });
    expect(tasksOf(single)).toMatchObject([{ teachers: [{ id: 'm0' }, { id: 'm8' }, { id: 'm9' }] }]);
  });
});
