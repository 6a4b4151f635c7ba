import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Row } from '@retort/contracts';
import { type Distilled, distill, resolveSpec } from '@retort/distill';
import { findInitializer, readModel, writeModel } from '@retort/onnx';
import { openSession } from '@retort/runtime';
import { findServedFile, openTextClassifier } from '@retort/text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSameAnswersFromTransformers } from './support/hugging-face.ts';
import { wordpiece } from './support/tokenizers.ts';
import { toyRows, writeToyTeacher } from './support/toy-teacher.ts';

const staticSpec = {
  student: { buckets: 512, width: 16, minGram: 1, maxGram: 2, hidden: 32 },
  training: { epochs: 5 },
};
const encoderSpec = {
  student: { family: 'encoder', layers: 1, width: 32, heads: 2, maxLength: 40 },
  training: { epochs: 3, batchSize: 32, learningRate: 0.003 },
};

describe('a compressed student', () => {
  let work: string;
  let rows: Row[];
  let first: Distilled;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'retort-compression-'));
    const config = { model_max_length: 64, tokenizer_class: 'BertTokenizer', pad_token: '[PAD]', unk_token: '[UNK]' };
    await writeToyTeacher(join(work, 'teacher'), { tokens: { tokenizer: wordpiece({ lowercase: true }), config } });
    rows = toyRows(160);
    first = await run('static', { ...staticSpec, compression: { allowance: { accuracy: 1 } } });
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  const run = (out: string, spec: object) =>
    distill({ rows, teacherDir: join(work, 'teacher'), outDir: join(work, out), spec: resolveSpec(spec) });
  const graph = async (path: string) => readModel(await readFile(join(work, path)));
  const json = async (path: string) => JSON.parse(await readFile(join(work, path), 'utf8'));
  const texts = () => rows.slice(0, 10).map(({ text }) => text);

  it('in int8 answers from the smaller graph, to us and to transformers.js, and keeps the float one', async () => {
    const { files, metrics, report } = first;
    const bytesOf = (path: string) => files.find((file) => file.path === path)?.bytes ?? 0;
    const [float, int8] = [bytesOf('onnx/model.onnx'), bytesOf('onnx/model_quantized.onnx')];
    expect(int8).toBeGreaterThan(0);
    expect(int8).toBeLessThan(0.45 * float);
    expect(metrics.compression).toMatchObject([{ step: { kind: 'quantize' }, accepted: true, bytes: int8 }]);
    expect((metrics.float?.bytes ?? 0) - report.student.bytes).toBe(float - int8);
    const manifest = await json('static/retort.json');
    expect(manifest).toMatchObject({ modelFile: 'onnx/model_quantized.onnx', metrics: { compression: [{}] } });
    expect(await findServedFile(join(work, 'static'))).toBe('onnx/model_quantized.onnx');
    expect(await readFile(join(work, 'static/README.md'), 'utf8')).toMatch(
      /dtype: 'q8'[\s\S]*\| int8 weights and tables \| yes \|/,
    );
    await expectSameAnswersFromTransformers(join(work, 'static'), texts(), { dtype: 'q8' });

    const [served, whole] = await Promise.all(
      [undefined, 'onnx/model.onnx'].map((modelFile) =>
        openTextClassifier(join(work, 'static'), { placement: 'inline', modelFile }),
      ),
    );
    const [a, b] = [await served.logits(texts()), await whole.logits(texts())];
    expect([...a]).not.toEqual([...b]);
    const spread = Math.max(...b) - Math.min(...b);
    for (const [i, logit] of a.entries()) expect(Math.abs(logit - b[i])).toBeLessThan(0.05 * spread);
    await Promise.all([served.close(), whole.close()]);
  });

  it('is a smaller graph after every kind of pruning, and still an ordinary folder', async () => {
    const steps = [
      { kind: 'prune-vocabulary', minCount: 4 },
      { kind: 'prune-heads', share: 0.5 },
      { kind: 'prune-hidden', share: 0.5 },
      { kind: 'prune-magnitude', share: 0.5 },
      { kind: 'quantize' },
    ];
    const compression = { steps, fineTuneEpochs: 1, allowance: { accuracy: 1 } };
    const { metrics } = await run('encoder', { ...encoderSpec, compression });
    const records = metrics.compression ?? [];
    expect(records.map(({ step }) => step.kind)).toEqual(steps.map(({ kind }) => kind));
    const taken = records.filter(({ accepted }) => accepted).map(({ step }) => step.kind);
    expect(taken).toEqual(expect.arrayContaining(['prune-heads', 'prune-hidden', 'prune-magnitude', 'quantize']));
    const model = await graph('encoder/onnx/model.onnx');
    const config = await json('encoder/config.json');
    expect(config).toMatchObject({ intermediate_size: 64, 'transformers.js_config': { dtype: 'q8' } });
    expect(config.pruned_heads[0]).toHaveLength(1);
    expect(findInitializer(model, 'layers.0.attention.qkv.weight').dims).toEqual([32, 48]);
    expect(findInitializer(model, 'layers.0.feed_forward.up.weight').dims).toEqual([32, 64]);
    expect(findInitializer(model, 'embeddings.word').dims[0]).toBe(config.vocab_size);
    expect(Object.keys((await json('encoder/tokenizer.json')).model.vocab)).toHaveLength(config.vocab_size);
    const weights = findInitializer(model, 'layers.0.feed_forward.up.weight').data as Float32Array;
    expect(weights.filter((weight) => weight === 0).length).toBe(weights.length / 2);
    await expectSameAnswersFromTransformers(join(work, 'encoder'), texts(), { dtype: 'q8' });
    // As written, not only as ONNX Runtime's optimizer has it.
    const bytes = writeModel(await graph('encoder/onnx/model_quantized.onnx'));
    await (await openSession(bytes, { placement: 'inline', optimization: 'disabled' })).close();
  });

  it('is the student as it was where a step loses more than is allowed, and says so', async () => {
    const steps = [{ kind: 'prune-hidden', share: 0.96, importance: 'norm' }];
    const compression = { steps, fineTuneEpochs: 0, allowance: { accuracy: 0 } };
    const { files, metrics } = await run('refused', { ...staticSpec, compression });
    expect(metrics.compression).toMatchObject([
      { accepted: false, reason: expect.stringContaining('more than the allowance of 0.00%') },
    ]);
    const [record] = metrics.compression ?? [];
    expect(record?.accuracyAfter).toBeLessThan(record?.accuracyBefore ?? 0);
    expect(metrics.float).toBeUndefined();
    expect(await readFile(join(work, 'refused/README.md'), 'utf8')).toContain('| prune-hidden, 96.0% | no: it loses');
    // The same training with another compression has left this float graph.
    const digestOf = (of: Distilled['files']) => of.find(({ path }) => path === 'onnx/model.onnx')?.digest;
    expect(digestOf(files)).toBe(digestOf(first.files));
    expect(files.some(({ path }) => path === 'onnx/model_quantized.onnx')).toBe(false);
  });
});
