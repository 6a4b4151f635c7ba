import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Row } from '@retort/contracts';
import { type Distilled, distill, resolveSpec } from '@retort/distill';
import { readModel } from '@retort/onnx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSameAnswersFromTransformers } from './support/hugging-face.ts';
import { wordpiece } from './support/tokenizers.ts';
import { TOY_LABELS, toyRows, writeToyTeacher } from './support/toy-teacher.ts';

const MAX_LENGTH = 40;
const student = { family: 'encoder', layers: 2, width: 32, maxLength: MAX_LENGTH } as const;
const training = { epochs: 12, batchSize: 32, learningRate: 0.003 };

describe('distillation into an encoder student', () => {
  let work: string;
  let rows: Row[];
  let first: Distilled;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'retort-encoder-'));
    const config = { model_max_length: 64, tokenizer_class: 'BertTokenizer', pad_token: '[PAD]', unk_token: '[UNK]' };
    await writeToyTeacher(join(work, 'teacher'), { tokens: { tokenizer: wordpiece({ lowercase: true }), config } });
    await writeToyTeacher(join(work, 'characters'));
    rows = toyRows(160);
    first = await run('first', 'teacher', { student, training });
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  const run = (out: string, teacher: string, spec: object) =>
    distill({ rows, teacherDir: join(work, teacher), outDir: join(work, out), spec: resolveSpec(spec) });
  const json = async (path: string) => JSON.parse(await readFile(join(work, path), 'utf8'));
  const texts = () => rows.slice(0, 20).map(({ text }) => text);

  it('gives a student near its teacher', () => {
    expect(first.report.teacher.accuracy).toBeGreaterThan(0.9);
    expect(first.report.student.accuracy).toBeGreaterThan(0.75);
  });

  it('packages a folder that transformers.js loads unchanged, with the same labels and scores', async () => {
    await expectSameAnswersFromTransformers(join(work, 'first'), texts());
  });

  it('describes the graph as it is, and leaves no dropout in it', async () => {
    const { graph } = readModel(await readFile(join(work, 'first/onnx/model.onnx')));
    expect(graph.nodes.map(({ op }) => op)).not.toContain('Dropout');
    const config = await json('first/config.json');
    const dims = (name: string) => graph.initializers.get(name)?.dims;
    expect(dims('embeddings.word')).toEqual([config.vocab_size, config.hidden_size]);
    expect(dims('embeddings.position')).toEqual([config.max_position_embeddings, config.hidden_size]);
    expect(dims('layers.1.feed_forward.up.weight')).toEqual([config.hidden_size, config.intermediate_size]);
    expect(config).toMatchObject({
      model_type: 'bert',
      num_hidden_layers: 2,
      num_attention_heads: 1,
      hidden_act: 'gelu',
      id2label: Object.fromEntries(TOY_LABELS.map((label, id) => [id, label])),
    });
    const { vocab } = (await json('first/tokenizer.json')).model;
    expect(config.vocab_size).toBe(Object.keys(vocab).length);
    const card = await readFile(join(work, 'first/README.md'), 'utf8');
    expect(card).toContain('a BERT of 2 layers, width 32, 1 heads');
    expect(card).not.toMatch(/undefined|NaN|\[object/);
  });

  it('starts from layers of a teacher that is a BERT, nearer to it than a new student is', async () => {
    const once = { ...training, epochs: 1, learningRate: 0.001 };
    const same = await run('same', 'first', { student: { ...student, initFrom: { layers: [0, 1] } }, training: once });
    const fresh = await run('fresh', 'first', { student, training: once });
    expect(same.metrics.student.klToTeacher).toBeLessThan(0.5 * fresh.metrics.student.klToTeacher);
    expect(await readFile(join(work, 'same/README.md'), 'utf8')).toContain("from the teacher's layers 0, 1");
    await expectSameAnswersFromTransformers(join(work, 'same'), texts());
  });

  it('reads characters where the tokenizer of the teacher cannot be trimmed', async () => {
    await run('second', 'characters', { student: { ...student, layers: 1 }, training: { ...training, epochs: 1 } });
    await expectSameAnswersFromTransformers(join(work, 'second'), texts());
  });
});
