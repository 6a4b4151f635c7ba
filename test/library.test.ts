import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress, Row, TransferSetCounts } from '@retort/contracts';
import { type Distilled, distill, resolveSpec } from '@retort/distill';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSameAnswersFromTransformers } from './support/hugging-face.ts';
import { wordpiece } from './support/tokenizers.ts';
import { TOY_LABELS, toyRows, writeToyTeacher } from './support/toy-teacher.ts';

const spec = resolveSpec({ student: { buckets: 1024, width: 16, minGram: 1, maxGram: 2 }, training: { epochs: 8 } });

describe('distillation as a library', () => {
  let work: string;
  let rows: Row[];
  let first: Distilled;
  const stages: Progress[] = [];

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'retort-library-'));
    await writeToyTeacher(join(work, 'teacher'));
    await writeToyTeacher(join(work, 'encoder'), { kind: 'encoder' });
    // Another tokenizer, and other names for the labels.
    const config = { model_max_length: 64, tokenizer_class: 'BertTokenizer', pad_token: '[PAD]', unk_token: '[UNK]' };
    await writeToyTeacher(join(work, 'words'), {
      tokens: { tokenizer: wordpiece({ lowercase: true }), config },
      labels: ['bottom', 'centre', 'top'],
    });
    rows = toyRows(300).map((row, i) => (i % 5 === 0 && row.split === 'train' ? { ...row, label: undefined } : row));
    first = await run('first', { onProgress: (progress) => stages.push(progress) });
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  const run = (out: string, options: Partial<Parameters<typeof distill>[0]> = {}) =>
    distill({ rows, teacherDir: join(work, 'teacher'), outDir: join(work, out), spec, ...options });

  it('gives a student near its teacher, and figures of both', () => {
    const { teacher, student, speedup } = first.report;
    expect(teacher.accuracy).toBeGreaterThan(0.9);
    expect(student.accuracy).toBeGreaterThan(0.75);
    expect(student.agreement).toBeGreaterThan(0.75);
    expect(speedup).toBeCloseTo(teacher.latencyMs / student.latencyMs, 6);
  });

  it('reports every stage from nothing to all of it', () => {
    for (const stage of ['labelling', 'training', 'evaluating', 'packaging']) {
      const reports = stages.filter((progress) => progress.stage === stage);
      expect(reports.at(-1)?.done, stage).toBe(reports.at(-1)?.total);
      expect(reports.map(({ done }) => done)).toEqual(reports.map(({ done }) => done).toSorted((a, b) => a - b));
    }
  });

  it('makes the same model when its training was stopped and went on from its checkpoint', async () => {
    const checkpoint = { path: join(work, 'student.checkpoint') };
    const controller = new AbortController();
    const stop = ({ stage, done }: Progress) => stage === 'training' && done > 0 && controller.abort();
    await expect(run('stopped', { checkpoint, signal: controller.signal, onProgress: stop })).rejects.toMatchObject({
      code: 'RT_CANCELLED',
    });
    const notes: (string | undefined)[] = [];
    const resumed = await run('resumed', { checkpoint, onProgress: ({ note }) => notes.push(note) });
    expect(notes).toContainEqual(expect.stringMatching(/^resumed at step [1-9]/));
    expect(resumed.digest).toBe(first.digest);
    // Of another spec it cannot be used: the training starts anew where that is allowed.
    const other = { ...spec, training: { ...spec.training, seed: 2 } };
    await expect(run('refused', { checkpoint, spec: other })).rejects.toMatchObject({ code: 'RT_INVALID_CHECKPOINT' });
    const tolerant = { ...checkpoint, onRefused: () => undefined };
    const anew = await run('anew', { checkpoint: tolerant, spec: other, onProgress: ({ note }) => notes.push(note) });
    // And another seed makes another model.
    expect(anew.digest).not.toBe(first.digest);
    expect(notes.filter((note) => note?.startsWith('resumed'))).toHaveLength(1);
  });

  it('packages a folder that transformers.js loads unchanged, with the same labels and scores', async () => {
    await expectSameAnswersFromTransformers(
      join(work, 'first'),
      rows.slice(0, 20).map(({ text }) => text),
    );
  });

  it('describes itself: labels, lineage, figures, a model card', async () => {
    const manifest = JSON.parse(await readFile(join(work, 'first/retort.json'), 'utf8'));
    expect(manifest).toMatchObject({
      labels: TOY_LABELS,
      digest: first.digest,
      lineage: { spec, seed: 1, dataset: { rows: 300 } },
    });
    expect(manifest.metrics.temperatures).toEqual({ student: manifest.calibration.temperature });
    expect(manifest.metrics.teacherQueries).toEqual(first.report.teacherQueries);
    const card = await readFile(join(work, 'first/README.md'), 'utf8');
    expect(card).toContain(`${(100 * first.report.student.accuracy).toFixed(1)}%`);
    expect(card).not.toMatch(/undefined|NaN|\[object/);
  });

  it('adds a transfer set to the training rows, the same one each time, and tells what it cost', async () => {
    const training = { ...spec.training, epochs: 2 };
    const { transferSet } = resolveSpec({ transferSet: { multiply: 2, minConfidence: 0.5 } });
    const notes = new Set<string | undefined>();
    const varied = { spec: { ...spec, training, transferSet } };
    const { report, digest, lineage, metrics } = await run('varied', {
      ...varied,
      onProgress: ({ note }) => notes.add(note),
    });
    const { unlabelled, sources, generated, duplicates, filtered, kept } = report.transferSet as TransferSetCounts;
    expect({ unlabelled, sources }).toEqual({ unlabelled: 45, sources: 210 });
    expect(kept).toBe(generated - duplicates - (filtered ?? 0));
    expect(kept).toBeGreaterThan(100);
    expect(report.teacherQueries).toMatchObject({ upperBound: 720, made: 300 + generated - duplicates, cached: 0 });
    expect([...notes]).toContain(`${generated - duplicates} generated`);
    expect(lineage).toMatchObject({ dataset: { rows: 300 }, spec: { transferSet } });
    expect(metrics.transferSet).toEqual(report.transferSet);
    expect(await readFile(join(work, 'varied/README.md'), 'utf8')).toContain(
      `| transfer set | ${kept} of ${generated} `,
    );
    expect((await run('varied-again', varied)).digest).toBe(digest);
    expect((await run('unvaried', { spec: { ...spec, training } })).digest).not.toBe(digest);
  });

  it('leaves texts without a label out that are measured on or are there already, and counts them', async () => {
    const again = rows.filter(({ split }) => split !== 'train').slice(0, 30);
    const repeated: Row[] = again.map(({ text }) => ({ text: `${text}!`, split: 'train' }));
    const varied = { ...spec, ...resolveSpec({ ...spec, transferSet: { multiply: 1 } }) };
    const [with_, without] = [
      await run('repeating', { rows: [...repeated, ...rows], spec: varied }),
      await run('repeating-not', { spec: varied }),
    ];
    expect(with_.digest).toBe(without.digest);
    const counts = without.report.transferSet!;
    expect(with_.report.transferSet).toEqual({ ...counts, unlabelled: counts.unlabelled + 30, repeated: 30 });
    const alone = [...repeated, ...rows.filter(({ split }) => split !== 'train')];
    await expect(run('refused', { rows: alone, spec: varied })).rejects.toMatchObject({
      code: 'RT_INVALID_DATASET',
      message: expect.stringContaining('No text is left to train on'),
    });
  });

  it('leaves rows out of scope out of what is learned, and measures how well they are told apart', async () => {
    const outside: Row[] = Array.from({ length: 12 }, (_, i) => ({
      text: `${i} of something else`,
      label: 'oos',
      split: i < 8 ? 'test' : 'train',
    }));
    const { digest, metrics } = await run('with-outside', { rows: [...rows, ...outside] });
    // It is the same student: only what was measured of it is more.
    expect(digest).toBe(first.digest);
    expect(metrics).toMatchObject({
      testRows: first.metrics.testRows,
      student: { accuracy: first.metrics.student.accuracy },
      outOfScope: { label: 'oos', rows: 8 },
    });
    for (const { auroc, recallAt95 } of [metrics.outOfScope!.student, metrics.outOfScope!.teacher]) {
      for (const share of [auroc, recallAt95]) expect(share >= 0 && share <= 1).toBe(true);
    }
    const card = await readFile(join(work, 'with-outside/README.md'), 'utf8');
    expect(card).toContain('out of scope (8 texts');
    expect(first.metrics.outOfScope).toBeUndefined();
  });

  it('measures percentiles, operations and calibration', () => {
    const { student, teacher, validation, perClass } = first.metrics;
    for (const { latency } of [student, teacher]) {
      expect(latency.one.p99Ms).toBeGreaterThanOrEqual(latency.one.p50Ms);
      expect(latency.batch32.p99Ms).toBeGreaterThanOrEqual(latency.batch32.p50Ms);
    }
    // Of the head alone: n-grams of 1 and 2 characters, width 16, 256 hidden, one logit a label; and the mean over the n-grams.
    const head = 2 * (2 * 16 * 256 + 256 * TOY_LABELS.length);
    expect(student.flops).toBeGreaterThan(head);
    expect(student.uncalibratedError >= 0 && student.uncalibratedError <= 1).toBe(true);
    // Both are of the same answers, apart from the temperature that the packaged logits were divided by.
    expect(first.metrics.temperatures?.student).not.toBeCloseTo(1, 2);
    expect(student.uncalibratedKl).toBeGreaterThan(0);
    expect(student.uncalibratedKl).not.toBeCloseTo(student.klToTeacher, 3);
    expect(validation?.metric).toBe('accuracy');
    expect(perClass.map(({ label }) => label)).toEqual(TOY_LABELS);
  });

  it('trains the head of an encoder first', async () => {
    const { report } = await run('from-encoder', { teacherDir: join(work, 'encoder') });
    expect(report.teacher.accuracy).toBeGreaterThan(0.8);
  });

  it('fine-tunes an encoder where it is asked to', async () => {
    const seen = new Set<string>();
    const { report } = await run('from-tuned', {
      teacherDir: join(work, 'encoder'),
      fineTune: { epochs: 20, learningRate: 0.02 },
      onProgress: ({ stage }) => seen.add(stage),
    });
    expect([...seen]).toEqual(expect.arrayContaining(['fine-tuning', 'measuring', 'labelling']));
    expect(seen).not.toContain('embedding');
    expect(report.teacher.accuracy).toBeGreaterThan(0.8);
  });

  it('learns from several teachers, whatever their tokenizers and the names of their labels', async () => {
    const labelMaps = [null, { bottom: 'low', centre: 'mid', top: 'high' }];
    const asked: Progress[] = [];
    const { metrics, lineage, labels } = await run('from-several', {
      teacherDir: undefined,
      teachers: [{ dir: join(work, 'teacher') }, { dir: join(work, 'words'), name: 'reads words' }],
      spec: { ...spec, ensemble: resolveSpec({ ensemble: { labelMaps } }).ensemble },
      onProgress: (progress) => progress.stage === 'labelling' && asked.push(progress),
    });
    expect(labels).toEqual(TOY_LABELS);
    expect(asked.at(-1)).toMatchObject({ done: 600, total: 600 });
    expect(metrics.student.accuracy).toBeGreaterThan(0.75);
    const [letters, words] = metrics.teachers ?? [];
    expect(metrics.teachers).toHaveLength(2);
    expect(letters.accuracy).toBe(first.metrics.teacher.accuracy);
    expect(words.name).toBe('reads words');
    expect(words.accuracy).toBeGreaterThan(0.5);
    expect(metrics.teacher.accuracy).toBeGreaterThanOrEqual(Math.min(letters.accuracy, words.accuracy));
    expect(metrics.teacher.bytes).toBe(letters.bytes + words.bytes);
    expect(metrics.teacher.latencyMs).toBeCloseTo(letters.latencyMs + words.latencyMs, 9);
    expect(lineage.teachers?.map(({ name }) => name)).toEqual(['teacher', 'reads words']);
    expect(lineage.teacher).toEqual(lineage.teachers?.[0]);
    expect(await readFile(join(work, 'from-several/README.md'), 'utf8')).toContain('weighted mean of probabilities');
  });

  it('calibrates several teachers on validation rows that they have not learned, never on training rows that were set aside', async () => {
    const several = {
      teacherDir: undefined,
      teachers: [{ dir: join(work, 'teacher') }, { dir: join(work, 'encoder') }],
      spec: { ...spec, training: { ...spec.training, epochs: 1 } },
    };
    const temperatures = async (given: Row[]) => {
      const { metrics } = await run('calibrated', { ...several, rows: given });
      return metrics.teachers?.map(({ temperature }) => temperature) ?? [];
    };
    for (const temperature of await temperatures(rows)) expect(temperature).not.toBe(1);
    const unsplit = rows.map((row): Row => (row.split === 'valid' ? { ...row, split: 'train' } : row));
    expect(await temperatures(unsplit)).toEqual([1, 1]);
  });

  it('makes the same model again from the same seed, also from a list of one teacher, and refuses lists that fit nothing', async () => {
    const one = { teacherDir: undefined, teachers: [{ dir: join(work, 'teacher') }] };
    expect((await run('from-one', one)).digest).toBe(first.digest);
    const refused = (options: Parameters<typeof run>[1]) => expect(run('refused', options)).rejects;
    await refused({ ...one, teachers: [] }).toMatchObject({ code: 'RT_INVALID_FIELD' });
    await refused({ teachers: one.teachers }).toMatchObject({ code: 'RT_INVALID_FIELD' });
    const several = { teacherDir: undefined, teachers: [...one.teachers, { dir: join(work, 'words') }] };
    await refused(several).toMatchObject({
      code: 'RT_INVALID_SPEC',
      message: /labelMaps\/1.*"bottom", "centre", "top"/,
    });
    const ensemble = resolveSpec({ ensemble: {} }).ensemble;
    await refused({ ...one, spec: { ...spec, ensemble } }).toMatchObject({ code: 'RT_INVALID_SPEC' });
  });

  it('refuses data that the teacher does not fit, naming what is wrong', async () => {
    const strange = rows.map((row) => ({ ...row, label: 'sideways' }));
    await expect(run('refused', { rows: strange })).rejects.toMatchObject({
      code: 'RT_INVALID_DATASET',
      message: /"sideways"/,
    });
    const untested = rows.filter(({ split }) => split !== 'test');
    await expect(run('refused', { rows: untested })).rejects.toMatchObject({
      code: 'RT_INVALID_DATASET',
      message: /"test"/,
    });
  });

  it('refuses a spec that an encoder does not fit before it trains it', async () => {
    const unfit = resolveSpec({ student: { family: 'encoder', initFrom: { layers: [0, 1] } } });
    const onProgress = ({ stage }: Progress) => expect.unreachable(stage);
    await expect(run('refused', { teacherDir: join(work, 'encoder'), spec: unfit, onProgress })).rejects.toMatchObject({
      code: 'RT_INVALID_SPEC',
      problems: [{ path: '/student/initFrom' }],
    });
  });

  it('distils by another divergence, in stages, from adjusted soft labels, easy rows first, all at once', async () => {
    const composed = resolveSpec({
      ...{ student: spec.student, training: spec.training },
      loss: { divergence: 'dkd', lambda: 0.3, schedule: { stages: [{ until: 0.5 }, { until: 1, temperature: 1 }] } },
      softLabels: { calibrate: true, correct: 0.5, sharpen: 1.5, topK: 2, weighting: 'entropy' },
      curriculum: {},
    });
    const { report, metrics } = await run('composed', { spec: composed });
    expect(report.student.accuracy).toBeGreaterThan(0.75);
    expect(report.student.agreement).toBeGreaterThan(0.75);
    const card = await readFile(join(work, 'composed', 'README.md'), 'utf8');
    expect(card).toContain('DKD(β = 8)');
    expect(card).toContain(
      `| soft labels | calibrated on validation rows (T = ${metrics.temperatures!.softLabels!.toFixed(3)}), `,
    );
    const softLabels = { ...composed.softLabels!, topK: TOY_LABELS.length };
    await expect(run('refused', { spec: { ...composed, softLabels } })).rejects.toMatchObject({
      code: 'RT_INVALID_SPEC',
      problems: [{ path: '/softLabels/topK', message: expect.stringContaining('must be below the number of labels') }],
    });
  });

  it('stops when told to, and leaves nothing behind', async () => {
    const controller = new AbortController();
    const onProgress = ({ stage }: Progress) => stage === 'training' && controller.abort();
    await expect(run('cancelled', { onProgress, signal: controller.signal })).rejects.toMatchObject({
      code: 'RT_CANCELLED',
    });
    await expect(readFile(join(work, 'cancelled/retort.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
