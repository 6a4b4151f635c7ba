import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress } from '@retort/contracts';
import { type Distilled, distill, resolveSpec } from '@retort/distill';
import { openTextClassifier } from '@retort/text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeToyBert } from './support/toy-bert.ts';
import { toyRows, writeToyTeacher } from './support/toy-teacher.ts';

const encoder = { family: 'encoder', width: 16, heads: 2, intermediate: 16, maxLength: 24 } as const;
const SPEC = resolveSpec({
  student: { ...encoder, layers: 2 },
  training: { epochs: 4, batchSize: 32, learningRate: 0.01 },
  loss: {
    divergence: 'dkd',
    schedule: {
      stages: [
        { until: 0.5, temperature: 4 },
        { until: 1, lambda: 0.3 },
      ],
    },
  },
  softLabels: { correct: 0.5, weighting: 'margin' },
  curriculum: {},
  features: [{ kind: 'hidden' }],
  transferSet: { multiply: 1 },
  ensemble: { weighting: { by: 'skill' } },
  progressive: {
    assistants: [{ student: { buckets: 512, width: 16, minGram: 1, maxGram: 2 }, training: { epochs: 2 }, mix: 0.3 }],
    growth: { stages: [{ layers: 1 }, { layers: 2 }] },
  },
  compression: {
    steps: [{ kind: 'prune-heads', share: 0.5 }, { kind: 'prune-vocabulary' }, { kind: 'quantize' }],
    allowance: { accuracy: 1 },
  },
});

describe('every section of a spec at once', () => {
  let work: string;
  let whole: Distilled;
  const rows = toyRows(120);

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'retort-every-'));
    writeToyBert(join(work, 'bert'));
    await writeToyTeacher(join(work, 'letters'));
    whole = await run('whole');
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  const run = (out: string, options: Partial<Parameters<typeof distill>[0]> = {}) =>
    distill({
      ...{ rows, spec: SPEC, outDir: join(work, out) },
      teachers: ['bert', 'letters'].map((name) => ({ dir: join(work, name) })),
      ...options,
    });

  it('takes all of them, and tells what came of each', async () => {
    const { metrics, report } = whole;
    expect(metrics.teachers).toHaveLength(2);
    expect(metrics.stages?.map(({ stage }) => stage)).toEqual(['assistant-1', 'layers-1', 'student']);
    expect(metrics.compression?.map(({ step }) => step.kind)).toEqual(['prune-heads', 'prune-vocabulary', 'quantize']);
    expect(metrics.compression?.[0]).toMatchObject({ accepted: true });
    expect(metrics.student.parameters).toBeLessThan(metrics.stages?.at(-1)?.parameters as number);
    expect(report.transferSet?.kept).toBeGreaterThan(0);
    const card = await readFile(join(work, 'whole/README.md'), 'utf8');
    for (const told of ['| soft labels |', '| features |', '| curriculum |', '| student | ', '## Compression']) {
      expect(card).toContain(told);
    }
    expect(card).not.toMatch(/undefined|NaN|\[object/);
    const student = await openTextClassifier(join(work, 'whole'), { placement: 'inline' });
    expect((await student.logits(['abc abc'])).every(Number.isFinite)).toBe(true);
    await student.close();
  });

  it('goes on to the same bytes when stopped in the last stage', async () => {
    const checkpoint = { path: join(work, 'job.checkpoint') };
    const controller = new AbortController();
    const stop = ({ note }: Progress) => note?.startsWith('depth 2 of 2 (2 layers): epoch') && controller.abort();
    const stopped = run('stopped', { checkpoint, signal: controller.signal, onProgress: stop });
    await expect(stopped).rejects.toMatchObject({ code: 'RT_CANCELLED' });
    expect((await run('resumed', { checkpoint })).digest).toBe(whole.digest);
  });
});
