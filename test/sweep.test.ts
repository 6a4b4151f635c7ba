import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress } from '@retort/contracts';
import { distill, generateTransferSet, resolveSpec } from '@retort/distill';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeToyBert } from './support/toy-bert.ts';
import { toyRows, writeToyTeacher } from './support/toy-teacher.ts';

const student = { buckets: 512, width: 8, minGram: 1, maxGram: 2, hidden: 0, maxLength: 48 };
const training = { epochs: 4, batchSize: 32, learningRate: 0.02 };

describe('a search', () => {
  let work: string;
  const rows = toyRows(160);

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'retort-sweep-'));
    await writeToyTeacher(join(work, 'teacher'));
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  const run = (out: string, spec: object, options: Partial<Parameters<typeof distill>[0]> = {}) =>
    distill({ rows, teacherDir: join(work, 'teacher'), outDir: join(work, out), spec: resolveSpec(spec), ...options });

  it('goes on after it was stopped, and trains what was best on the validation rows', async () => {
    const space = { '/training/learningRate': { values: [1e-7, 0.03] } };
    const spec = { student, training, sweep: { space, method: 'random', trials: 2 } };
    const checkpoint = { path: join(work, 'checkpoint') };
    const controller = new AbortController();
    const stop = ({ stage, done }: Progress) => stage === 'searching' && done === 1 && controller.abort();
    await expect(
      run('stopped', spec, { checkpoint, signal: controller.signal, onProgress: stop }),
    ).rejects.toMatchObject({ code: 'RT_CANCELLED' });
    const told: Progress[] = [];
    const found = await run('found', spec, { checkpoint, onProgress: (progress) => told.push(progress) });
    const search = told.filter(({ stage }) => stage === 'searching');
    expect(search.map(({ done }) => done)).toEqual([1, 2]);
    expect(search.at(-1)).toMatchObject({ total: 2, note: expect.stringMatching(/^trial 2 of 2, best [01]\.\d{3}$/) });

    const { selection } = found.report;
    expect(selection).toMatchObject({ method: 'random', trials: 2, failed: 0, validationRows: 24 });
    // A learning rate of nothing learns nothing: the search must see it.
    expect(found.lineage.spec.training).toEqual({ ...resolveSpec(spec).training, learningRate: 0.03 });
    expect(found.lineage.spec).not.toHaveProperty('sweep');
    const manifest = JSON.parse(await readFile(join(work, 'found/retort.json'), 'utf8'));
    expect(manifest.lineage.selection).toEqual(selection);
    const card = await readFile(join(work, 'found/README.md'), 'utf8');
    expect(card).toContain(selection!.reason);
    expect(card).not.toMatch(/undefined|NaN|\[object/);
  });

  it('generates texts for the trial that asks for the most, and each learns from as many as it asks for', async () => {
    const space = { '/transferSet/multiply': { values: [1, 3] } };
    const spec = {
      ...{ student, training: { ...training, epochs: 1 } },
      transferSet: { multiply: 1, minConfidence: 0, seed: 1 },
      sweep: { space, method: 'random', trials: 2 },
    };
    const { report, lineage } = await run('varied', spec);
    const sources = rows.filter(({ split }) => split === 'train').length;
    expect(report.teacherQueries?.upperBound).toBe(rows.length + 3 * sources);
    expect(report.selection).toMatchObject({ trials: 2, failed: 0 });
    const { transferSet } = lineage.spec;
    expect(transferSet?.multiply).toBe(report.selection?.chosen.varied['/transferSet/multiply']);
    const alone = await generateTransferSet({ rows, spec: transferSet!, seed: 1 });
    expect(report.transferSet?.kept).toBe(alone.rows.length);
    expect(report.teacherQueries?.made).toBeGreaterThan(rows.length + 2 * sources);
  });

  it('is refused before the teacher is asked, for a point that does not fit data or teacher', async () => {
    const onProgress = ({ stage }: Progress) => expect.unreachable(stage);
    const sweep = (pointer: string, values: number[]) => ({ sweep: { space: { [pointer]: { values } }, trials: 4 } });
    await expect(
      run('refused', { student, ...sweep('/softLabels/topK', [1, 5]) }, { onProgress }),
    ).rejects.toMatchObject({
      code: 'RT_INVALID_SPEC',
      problems: [{ path: '/sweep/space', message: expect.stringContaining('has the point {"/softLabels/topK":5}') }],
    });
    writeToyBert(join(work, 'bert'));
    const encoder = { family: 'encoder', layers: 1, width: 16, heads: 2, intermediate: 16, maxLength: 24 };
    const spec = { student: encoder, features: [{ kind: 'hidden' }], ...sweep('/student/maxLength', [24, 256]) };
    await expect(run('refused', spec, { teacherDir: join(work, 'bert'), onProgress })).rejects.toMatchObject({
      code: 'RT_INVALID_SPEC',
      problems: [
        { path: '/sweep/space', message: expect.stringContaining('has the point {"/student/maxLength":256}') },
      ],
    });
  });

  it('chooses a student within its budget, out of what it had the time to try', async () => {
    // The first trial always ends; the minutes are used up then.
    const spec = {
      student: { family: 'auto', budget: { bytes: 4e6 } },
      auto: { minutes: 1e-4 },
      training: { epochs: 1 },
    };
    const { report, lineage } = await run('auto', spec);
    const { front, chosen, reason } = report.selection!;
    expect(front.map(({ index }) => index)).toEqual([chosen.index]);
    expect(report.student.bytes).toBeLessThanOrEqual(4e6);
    expect(reason).toContain('within the budget (4.00 MB)');
    expect(lineage.spec.student).toMatchObject(chosen.varied);
  });
});
