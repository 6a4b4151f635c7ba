import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { distill, distillTasks, resolveMultiTaskSpec, resolveSpec } from '@retort/distill';
import { readModel } from '@retort/onnx';
import { openTextClassifier } from '@retort/text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSameAnswersFromTransformers } from './support/hugging-face.ts';
import { WORDS, wordRows, writeWordTeacher } from './support/word-teacher.ts';

const STUDENTS = {
  static: { tokens: 'teacher', tokenWidth: 16, width: 8, buckets: 256, minGram: 2, maxGram: 2, hidden: 0 },
  encoder: { family: 'encoder', layers: 1, width: 16, heads: 2, pooling: 'mean-and-words' },
};
const training = { epochs: 12, batchSize: 16, learningRate: 0.01 };
/** Half of the words: test texts are of these alone. */
const UNSEEN = WORDS.filter((_, word) => word % 2 === 1);

describe.each(Object.entries(STUDENTS))('a %s student of words that its training text has not', (_, student) => {
  const rows = wordRows(300);
  const seen = rows.filter(({ split }) => split !== 'test').map(({ text }) => text);
  const unseen = rows.filter(({ split }) => split === 'test').map(({ text }) => text);
  let work: string;
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'retort-unseen-'));
    writeWordTeacher(join(work, 'teacher'));
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  const run = (unseenTokens: number, compression?: object) => {
    const spec = resolveSpec({ student: { ...student, unseenTokens }, training, compression });
    return distill({ rows, teacherDir: join(work, 'teacher'), outDir: join(work, `${unseenTokens}`), spec });
  };
  const logitsOf = async (folder: string, texts: string[]) => {
    const classifier = await openTextClassifier(join(work, folder), { placement: 'inline' });
    return classifier.logits(texts).finally(() => classifier.close());
  };

  it('reads them by the rows that it maps from the teacher, and all others as before', async () => {
    const without = await run(0);
    const result = await run(1000);
    expect(result.report.teacher.accuracy).toBe(1);
    // Two thirds of the labels are wrong by chance.
    expect(without.report.student.accuracy).toBeLessThan(0.7);
    expect(result.report.student.accuracy).toBeGreaterThan(0.9);
    const { added, fit } = result.metrics.unseenTokens!;
    // The other words of the vocabulary, and a few more of the tokenizer's own.
    expect(added).toBeGreaterThanOrEqual(UNSEEN.length);
    expect(fit).toBeGreaterThan(0.3);
    expect(without.metrics).not.toHaveProperty('unseenTokens');
    expect(await logitsOf('1000', seen)).toEqual(await logitsOf('0', seen));
    const width = (folder: string) =>
      readFile(join(work, folder, 'config.json'), 'utf8').then((config) => JSON.parse(config).vocab_size);
    expect(await width('1000')).toBe((await width('0')) + added);
    expect(await readFile(join(work, '1000/README.md'), 'utf8')).toMatch(
      new RegExp(`\\| unseen words \\| ${added} tokens that the training text has not, mapped.*R² 0\\.\\d\\d on`),
    );
    await expectSameAnswersFromTransformers(join(work, '1000'), [...unseen.slice(0, 6), ...seen.slice(0, 6)]);
  }, 30_000);

  it('has as many of them as it is told, also in int8', async () => {
    const { metrics } = await run(7, { allowance: { accuracy: 1 } });
    expect(metrics.unseenTokens?.added).toBe(7);
    const model = readModel(await readFile(join(work, '7/onnx/model.onnx')));
    const { vocab_size } = JSON.parse(await readFile(join(work, '7/config.json'), 'utf8'));
    const tables = [...model.graph.initializers].filter(([name]) => ['tokens.table', 'embeddings.word'].includes(name));
    expect(tables.map(([, { dims }]) => dims[0])).toEqual([vocab_size]);
  });
});

it('reads them in each task of several', async () => {
  const work = await mkdtemp(join(tmpdir(), 'retort-unseen-'));
  try {
    writeWordTeacher(join(work, 'teacher'));
    const tasks = ['one', 'two'].map((name) => ({ name, rows: wordRows(160), teacherDir: join(work, 'teacher') }));
    const spec = (unseenTokens: number) =>
      resolveMultiTaskSpec({ student: { ...STUDENTS.static, unseenTokens }, training }, ['one', 'two']);
    const accuracies = async (unseenTokens: number) => {
      const outDir = join(work, `${unseenTokens}`);
      const { tasks: trained } = await distillTasks({ tasks, spec: spec(unseenTokens), outDir });
      return trained.map(({ metrics }) => metrics.student.accuracy);
    };
    for (const accuracy of await accuracies(0)) expect(accuracy).toBeLessThan(0.7);
    for (const accuracy of await accuracies(1000)) expect(accuracy).toBeGreaterThan(0.9);
    expect(await readFile(join(work, '1000/README.md'), 'utf8')).toMatch(/tokens that the training text has not/);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
});
