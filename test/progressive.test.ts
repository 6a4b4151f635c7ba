import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress, Row } from '@retort/contracts';
import { labelTexts, resolveSpec, type TrainedStudent, trainStudent } from '@retort/distill';
import { openTeacher } from '@retort/teachers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOY_LABELS, toyRows, writeToyTeacher } from './support/toy-teacher.ts';

const encoder = { family: 'encoder', width: 16, heads: 1, intermediate: 16, maxLength: 24, dropout: 0 } as const;
const chain = resolveSpec({
  student: { ...encoder, layers: 2 },
  training: { epochs: 8, batchSize: 32, learningRate: 0.02 },
  progressive: {
    assistants: [
      { student: { buckets: 512, width: 16, minGram: 1, maxGram: 2 }, training: { epochs: 4 }, mix: 0.3 },
      { student: { ...encoder, layers: 2 }, training: { epochs: 3 } },
    ],
    growth: { stages: [{ layers: 1, share: 0.75 }, { layers: 2 }] },
  },
});
const STAGES = ['assistant-1', 'assistant-2', 'layers-1', 'student'];

describe('a chain of assistants before a student that grows', () => {
  let work: string;
  let rows: Row[];
  let teacherLogits: Float32Array;
  let whole: TrainedStudent;
  const progress: Progress[] = [];

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'retort-progressive-'));
    await writeToyTeacher(join(work, 'teacher'));
    rows = toyRows(160);
    const teacher = await openTeacher(join(work, 'teacher'));
    teacherLogits = (await labelTexts({ teacher, texts: rows.map(({ text }) => text) })).logits;
    await teacher.close();
    whole = await run('whole', { onProgress: (value) => progress.push(value) });
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  const run = (out: string, options: Partial<Parameters<typeof trainStudent>[0]> = {}) =>
    trainStudent({
      ...{ rows, labels: TOY_LABELS, teacherLogits, spec: chain },
      ...{ teacherDir: join(work, 'teacher'), outDir: join(work, out) },
      lineage: { dataset: { digest: 'toy', rows: rows.length }, teacher: { digest: 'toy' } },
      ...options,
    });

  it('trains every stage, and gives a student far better than chance', () => {
    const { stages, student } = whole.metrics;
    expect(stages?.map(({ stage, epochs }) => [stage, epochs])).toEqual([
      ['assistant-1', 4],
      ['assistant-2', 3],
      ['layers-1', 6],
      ['student', 2],
    ]);
    expect(stages?.at(-1)?.parameters).toBe(student.parameters);
    expect(stages?.[2]?.parameters).toBeLessThan(student.parameters);
    for (const { validation } of stages ?? []) expect(validation?.agreement).toBeGreaterThan(0.5);
    expect(student.accuracy).toBeGreaterThan(0.6);
  });

  it('tells which stage it is in, and of all of them how much is done', () => {
    const training = progress.filter(({ stage }) => stage === 'training');
    const done = training.map((value) => value.done);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(new Set(training.map(({ total }) => total)).size).toBe(1);
    expect(done.at(-1)).toBe(training[0]!.total);
    const labels = ['assistant 1 of 2', 'assistant 2 of 2', 'depth 1 of 2 (1 layers)', 'depth 2 of 2 (2 layers)'];
    expect([...new Set(training.map(({ note }) => note?.split(':')[0]))]).toEqual(labels);
  });

  it('names the stages in the manifest and on the card', async () => {
    const { metrics } = JSON.parse(await readFile(join(work, 'whole/retort.json'), 'utf8'));
    expect(metrics.stages).toEqual(whole.metrics.stages);
    const card = await readFile(join(work, 'whole/README.md'), 'utf8');
    for (const stage of STAGES) expect(card).toContain(`| ${stage} | `);
    expect(card).not.toMatch(/undefined|NaN|\[object/);
  });

  it('goes on in the stage where it was stopped, repeats none that had ended, and makes the same bytes', async () => {
    const checkpoint = { path: join(work, 'job.checkpoint') };
    const stopIn = async (label: string) => {
      const controller = new AbortController();
      const stop = ({ note }: Progress) => note?.startsWith(`${label}: epoch`) && controller.abort();
      await expect(run('stopped', { checkpoint, signal: controller.signal, onProgress: stop })).rejects.toMatchObject({
        code: 'RT_CANCELLED',
      });
    };
    await stopIn('assistant 2 of 2');
    expect((await readdir(work)).filter((name) => name.startsWith('job.')).sort()).toEqual([
      'job.checkpoint.assistant-1',
      'job.checkpoint.assistant-2',
    ]);
    await stopIn('depth 2 of 2 (2 layers)');
    const seen: Progress[] = [];
    const resumed = await run('resumed', { checkpoint, onProgress: (value) => seen.push(value) });
    expect(resumed.digest).toBe(whole.digest);
    for (const label of ['assistant 1 of 2', 'assistant 2 of 2', 'depth 1 of 2 (1 layers)']) {
      const notes = seen.filter(({ note }) => note?.startsWith(label)).map(({ note }) => note);
      expect(notes).toEqual([expect.stringMatching(/: resumed at step \d+$/)]);
    }
    const withoutSeconds = ({ metrics }: TrainedStudent) => metrics.stages?.map((stage) => ({ ...stage, seconds: 0 }));
    expect(withoutSeconds(resumed)).toEqual(withoutSeconds(whole));
  });

  it('learns something else with assistants than without', async () => {
    const alone = await run('alone', { spec: { ...chain, progressive: undefined } });
    expect(alone.metrics).not.toHaveProperty('stages');
    expect(alone.digest).not.toBe(whole.digest);
  });
});
