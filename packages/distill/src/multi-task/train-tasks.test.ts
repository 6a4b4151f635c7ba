import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress, Row } from '@retort/contracts';
import { findInitializer, floats, type Model, readModel, writeModel } from '@retort/onnx';
import { InlineTextModel, openTextClassifier, openTokenizer } from '@retort/text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSameAnswersFromTransformers } from '../../../../test/support/hugging-face.ts';
import { TOY_LABELS, toyRows, writeToyTeacher } from '../../../../test/support/toy-teacher.ts';
import { figuresTable, labelTables } from '../card/figures-section.js';
import { resolveMultiTaskSpec } from './resolve-multi-task-spec.js';
import { type TrainedTasks, type TrainTasksOptions, trainTasks } from './train-tasks.js';

/** Both tasks have a label "low": what it means depends on the task. */
const HALVES = ['rest', 'low'];
const spec = resolveMultiTaskSpec(
  {
    student: { buckets: 512, width: 16, minGram: 1, maxGram: 2, hidden: 32 },
    training: { epochs: 6, batchSize: 32 },
    loss: { labelSmoothing: 0.05 },
    multiTask: { sampling: 0.5, tasks: { halves: { weight: 2, minAccuracy: 0.6 }, thirds: { minAgreement: 1 } } },
  },
  ['thirds', 'halves'],
);

/** Logits 4 for the label and 0 elsewhere: a teacher that is always right. */
function rightLogits(rows: readonly Row[], labels: readonly string[]): Float32Array {
  return Float32Array.from(rows.flatMap(({ label }) => labels.map((known) => (known === label ? 4 : 0))));
}

describe('a student of several tasks', () => {
  let work: string;
  let tasks: TrainTasksOptions['tasks'];
  let trained: TrainedTasks;
  const progress: Progress[] = [];

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'retort-tasks-'));
    const teacherDir = join(work, 'teacher');
    await writeToyTeacher(teacherDir);
    const thirds = toyRows(180);
    const halves = toyRows(90, 2).map((row) => ({ ...row, label: row.label === 'low' ? 'low' : 'rest' }));
    const origin = { dataset: { digest: 'toy', rows: 1 }, teacher: { digest: 'toy' } };
    const task = (name: string, rows: Row[], labels: string[]) => ({
      ...{ name, labels, teacherDir, origin, teacherLogits: rightLogits(rows, labels) },
      // Some without a label, which the teacher alone speaks for.
      rows: rows.map((row, i) => (i % 5 === 0 && row.split === 'train' ? { ...row, label: undefined } : row)),
    });
    tasks = [task('thirds', thirds, TOY_LABELS), task('halves', halves, HALVES)];
    trained = await run('first', { onProgress: (value) => progress.push(value) });
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  const run = (out: string, options: Partial<TrainTasksOptions> = {}) =>
    trainTasks({ tasks, spec, outDir: join(work, out), ...options });
  const json = async (path: string) => JSON.parse(await readFile(join(work, path), 'utf8'));

  it('answers each of them far better than chance, and measures each by itself', () => {
    const [thirds, halves] = trained.tasks;
    expect(thirds!.metrics.student.accuracy).toBeGreaterThan(0.6);
    expect(halves!.metrics.student.accuracy).toBeGreaterThan(0.75);
    expect(thirds!.metrics.perClass.map(({ label }) => label)).toEqual(TOY_LABELS);
    expect(halves!.metrics.perClass.map(({ label }) => label)).toEqual(HALVES);
    expect(thirds!.metrics.teacher.accuracy).toBe(1);
    const evaluating = progress.filter(({ stage }) => stage === 'evaluating').map(({ done }) => done);
    expect(evaluating).toEqual(evaluating.toSorted((a, b) => a - b));
  });

  it('holds each against its gate, and marks the folder', async () => {
    const manifest = await json('first/retort.json');
    for (const task of trained.tasks) {
      expect(manifest.tasks[task.name]).toMatchObject({ offset: task.offset, labels: task.labels, gate: task.gate });
      expect(task.gate.passed).toBe(task.gate.failures.length === 0);
    }
    const { agreement } = trained.tasks[0]!.metrics.student;
    expect(trained.tasks[0]!.gate.passed).toBe(agreement >= 1);
    expect(trained.tasks[1]!.gate.passed).toBe(true);
    expect(manifest.passed).toBe(trained.passed);
    expect(trained.passed).toBe(agreement >= 1);
    const card = await readFile(join(work, 'first/README.md'), 'utf8');
    expect(card).toContain(agreement >= 1 ? '| passed |' : '| FAILED: agreement');
    expect(card).not.toMatch(/undefined|NaN|\[object/);
  });

  it('tells in its card of each task all that a student of it alone would tell', async () => {
    const card = await readFile(join(work, 'first/README.md'), 'utf8');
    expect(card).toContain('1- to 2-grams of characters in 512 buckets of width 16, a hidden layer of 32');
    for (const { name, metrics } of trained.tasks) {
      const section = card.split('\n## ').find((part) => part.startsWith(`Task \`${name}\``))!;
      expect(section).toContain(figuresTable(metrics));
      expect(section).toContain(labelTables(metrics));
      expect(metrics.temperatures!.student).toBe(trained.tasks.find((task) => task.name === name)!.temperature);
    }
  });

  it('measures how well a task tells texts out of scope from others, where it knows their label', async () => {
    const [thirds, halves] = tasks;
    const labels = ['oos', 'low'];
    const rows = halves!.rows.map((row) => (row.label === 'rest' ? { ...row, label: 'oos' } : row));
    const { tasks: scoped } = await run('scoped', { tasks: [thirds!, { ...halves!, rows, labels }] });
    const outside = rows.filter(({ label, split }) => split === 'test' && label === 'oos').length;
    expect(scoped.map(({ metrics }) => metrics.outOfScope?.rows)).toEqual([undefined, outside]);
    expect(outside).toBeGreaterThan(0);
    expect(await readFile(join(work, 'scoped/README.md'), 'utf8')).toContain(`out of scope (${outside} texts`);
  });

  it('answers a task as the graph of its head alone does', async () => {
    const texts = tasks[0]!.rows.slice(0, 12).map(({ text }) => text);
    const whole = readModel(await readFile(join(work, 'first/onnx/model.onnx')));
    const all = await openTextClassifier(join(work, 'first'), { placement: 'inline' });
    const together = await all.logits(texts);
    const width = all.labels.length;
    expect(all.labels).toEqual(['thirds/low', 'thirds/mid', 'thirds/high', 'halves/rest', 'halves/low']);
    for (const { name, offset, labels } of trained.tasks) {
      const one = await openTextClassifier(join(work, 'first'), { placement: 'inline', task: name });
      expect(one.labels).toEqual(labels);
      const logits = await one.logits(texts);
      const slice = texts.flatMap((_, i) =>
        Array.from(together.subarray(i * width + offset, i * width + offset + labels.length)),
      );
      expect(Array.from(logits)).toEqual(slice);
      const alone = await InlineTextModel.open(
        await openTokenizer(join(work, 'first')),
        writeHead(whole, offset, labels.length),
      );
      const { data } = await alone.run(texts, 'logits');
      for (const [i, value] of data.entries()) expect(value).toBeCloseTo(logits[i]!, 4);
      await Promise.all([one.close(), alone.close()]);
    }
    await all.close();
    await expect(openTextClassifier(join(work, 'first'), { task: 'quarters' })).rejects.toMatchObject({
      code: 'RT_INVALID_MODEL',
      message: expect.stringContaining('its tasks are thirds, halves'),
    });
  });

  it('is a folder that transformers.js loads unchanged', async () => {
    await expectSameAnswersFromTransformers(
      join(work, 'first'),
      tasks[1]!.rows.slice(0, 8).map(({ text }) => text),
    );
  });

  it('answers with its int8 graph, where that is asked for and loses no more than is allowed', async () => {
    const compressed = (compression: object) =>
      resolveMultiTaskSpec({ ...spec, student: { ...spec.student, buckets: 4096 }, compression }, ['thirds', 'halves']);
    const { tasks: answered } = await run('int8', { spec: compressed({ allowance: { accuracy: 1 } }) });
    const manifest = await json('int8/retort.json');
    expect(manifest.modelFile).toBe('onnx/model_quantized.onnx');
    const texts = tasks[0]!.rows.slice(0, 12).map(({ text }) => text);
    for (const { name, metrics } of answered) {
      expect(metrics.compression).toEqual([
        expect.objectContaining({ accepted: true, step: { kind: 'quantize', weights: true, tables: true } }),
      ]);
      expect(metrics.student.bytes).toBeLessThan(metrics.float!.bytes / 2);
      expect(metrics.compression![0]!.accuracyBefore).toBeGreaterThan(0.6);
      const served = await openTextClassifier(join(work, 'int8'), { placement: 'inline', task: name });
      const float = await openTextClassifier(join(work, 'int8'), {
        ...{ placement: 'inline', task: name, modelFile: 'onnx/model.onnx' },
      });
      const [int8Logits, floatLogits] = [await served.logits(texts), await float.logits(texts)];
      expect(int8Logits).toHaveLength(floatLogits.length);
      expect(int8Logits).not.toEqual(floatLogits);
      for (const [i, value] of int8Logits.entries()) expect(Math.abs(value - floatLogits[i]!)).toBeLessThan(1);
      await Promise.all([served.close(), float.close()]);
    }
    const card = await readFile(join(work, 'int8/README.md'), 'utf8');
    expect(card.match(/## Compression/g)).toHaveLength(1);
    expect(card.match(/On the \d+ test\s+texts the int8 form/g)).toHaveLength(2);

    // A whole point of accuracy more than before is more than int8 can give.
    const resolved = compressed({});
    const greedy = { ...resolved, compression: { ...resolved.compression!, allowance: { accuracy: -0.01 } } };
    const refused = await run('refused-int8', { spec: greedy });
    for (const { metrics } of refused.tasks) {
      expect(metrics.compression).toEqual([
        expect.objectContaining({ accepted: false, reason: expect.stringContaining('more than the allowance') }),
      ]);
      expect(metrics).not.toHaveProperty('float');
    }
    expect((await json('refused-int8/retort.json')).modelFile).toBe('onnx/model.onnx');
  });

  it('is not compressed where no task has a row to check it on', async () => {
    const unchecked = tasks.map((task) => ({
      ...task,
      rows: task.rows.map(({ text, label, split }) =>
        split === 'test' ? { text, label, split } : { text, split: 'train' as const },
      ),
    }));
    const compressed = resolveMultiTaskSpec({ ...spec, compression: {} }, ['thirds', 'halves']);
    await expect(run('unchecked', { tasks: unchecked, spec: compressed })).rejects.toMatchObject({
      code: 'RT_INVALID_DATASET',
      message: expect.stringContaining('needs validation rows'),
    });
  });

  it('makes the same bytes when it was stopped and went on from its checkpoint', async () => {
    const checkpoint = { path: join(work, 'tasks.checkpoint') };
    const controller = new AbortController();
    const onProgress = ({ stage, done }: Progress) => stage === 'training' && done > 0 && controller.abort();
    await expect(run('stopped', { checkpoint, signal: controller.signal, onProgress })).rejects.toMatchObject({
      code: 'RT_CANCELLED',
    });
    expect((await run('resumed', { checkpoint })).digest).toBe(trained.digest);
    const weights = { ...spec.multiTask.tasks, thirds: { weight: 3 } };
    const other = { ...spec, multiTask: { ...spec.multiTask, tasks: weights } };
    await expect(run('refused', { checkpoint, spec: other })).rejects.toMatchObject({
      code: 'RT_INVALID_CHECKPOINT',
      message: expect.stringContaining('the tasks differ'),
    });
  });
});

/** The student cut down to the columns of one head, as a student of that task alone would be. */
function writeHead(model: Model, offset: number, classes: number): Uint8Array {
  const initializers = new Map(model.graph.initializers);
  for (const name of ['output.weight', 'output.bias']) {
    const { dims, data } = findInitializer(model, name);
    const columns = dims.at(-1)!;
    const part = Array.from(data as Float32Array).filter(
      (_, i) => i % columns >= offset && i % columns < offset + classes,
    );
    initializers.set(name, floats([...dims.slice(0, -1), classes], part));
  }
  const outputs = [{ name: 'logits', type: 'float32' as const, shape: ['batch', classes] }];
  const nodes = model.graph.nodes.filter(({ outputs: made }) => !made.some((name) => name.startsWith('logits.')));
  return writeModel({ ...model, graph: { ...model.graph, initializers, outputs, nodes } });
}
