import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { floats, GraphBuilder, type Model, type Tensor, writeModel } from '@retort/onnx';
import { openSession } from '@retort/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import { configOf, tinyClassifier, tinyEncoder, weights, writeFolder } from '../../../test/support/tiny-models.js';
import { encoderGraph } from './encoder-graph.js';
import { answerDigest, inspectModelFolder, listModelFiles, openEncoder, openTeacher } from './index.js';
import { inspectFolder } from './inspect-folder.js';
import { mergeHead } from './merge-head.js';

const root = mkdtempSync(join(tmpdir(), 'retort-teachers-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const folder = (model: Model | Uint8Array, files: Record<string, unknown> = {}) =>
  writeFolder(join(root, `${folders++}`), model, files);

const LABELS = Array.from({ length: 8 }, (_, i) => `label ${i}`);
const TEXTS = ['hello', 'a', 'where is my card?', 'wake me up at seven in the morning please'];

/** A graph that outputs its own input `h` `[batch, tokens, 4]`, as an encoder would its token vectors. */
function vectors(opset: number, masked: boolean): Model {
  const b = new GraphBuilder({ opset });
  const h = b.input('h', 'float32', ['batch', 'tokens', 4]);
  if (masked) b.input('attention_mask', 'int64', ['batch', 'tokens']);
  b.add('Identity', [h], { outputs: ['last_hidden_state'] });
  b.output('last_hidden_state', 'float32', ['batch', 'tokens', 4]);
  return b.build();
}

const HIDDEN = floats([2, 3, 4], weights(24));
const MASK = { type: 'int64' as const, dims: [2, 3], data: BigInt64Array.of(1n, 1n, 0n, 1n, 1n, 1n) };

function pooledInJs(pooling: 'mean' | 'cls', masked: boolean, normalize: boolean): number[] {
  const data = HIDDEN.data as Float32Array;
  return [0, 1].flatMap((row) => {
    const used = pooling === 'cls' ? [0] : [0, 1, 2].filter((t) => !masked || MASK.data[row * 3 + t] === 1n);
    const mean = [0, 1, 2, 3].map((k) => used.reduce((sum, t) => sum + data[(row * 3 + t) * 4 + k], 0) / used.length);
    const norm = normalize ? Math.hypot(...mean) : 1;
    return mean.map((value) => value / norm);
  });
}

const run = async (model: Model, feeds: Record<string, Tensor>) => {
  const session = await openSession(writeModel(model), { placement: 'inline' });
  const outputs = await session.run(feeds);
  await session.close();
  return outputs;
};

describe('encoderGraph', () => {
  const cases = [11, 13, 17, 18].flatMap((opset) =>
    (['mean', 'cls'] as const).flatMap((pooling) =>
      [true, false].map((masked) => ({ opset, pooling, masked, normalize: masked })),
    ),
  );
  it.each(cases)('pools as plain arithmetic does: %o', async ({ opset, pooling, masked, normalize }) => {
    const graph = encoderGraph(vectors(opset, masked), { output: 'last_hidden_state', pooling, normalize });
    const feeds: Record<string, Tensor> = masked ? { h: HIDDEN, attention_mask: MASK } : { h: HIDDEN };
    const { retort_embedding: embedding, ...others } = await run(graph, feeds);
    expect(others).toEqual({});
    expect(embedding.dims).toEqual([2, 4]);
    const expected = pooledInJs(pooling, masked, normalize);
    for (const [i, value] of expected.entries()) expect(embedding.data[i]).toBeCloseTo(value, 5);
  });
});

describe('mergeHead', () => {
  it.each([11, 17, 18])(
    'gives the logits that encoder and head give one after the other (operator set %i)',
    async (opset) => {
      const encoder = encoderGraph(vectors(opset, true), { output: 'last_hidden_state', pooling: 'mean' });
      const h = new GraphBuilder({ opset: 18 });
      const features = h.input('features', 'float32', ['batch', 4]);
      const scale = h.initializer('axes', floats([4], weights(4, 2)));
      const x = h.add('LayerNormalization', [features, scale, h.initializer('bias', floats([4], weights(4, 3)))]);
      const hidden = h.add('Relu', [h.add('Gemm', [x, h.initializer('w1', floats([4, 6], weights(24, 4)))])]);
      h.add('Gemm', [hidden, h.initializer('w2', floats([6, 3], weights(18, 5)))], { outputs: ['logits'] });
      h.output('logits', 'float32', ['batch', 3]);
      const head = h.build();

      const feeds = { h: HIDDEN, attention_mask: MASK };
      const { retort_embedding: embedding } = await run(encoder, feeds);
      const { logits: expected } = await run(head, { features: embedding });
      const { logits } = await run(mergeHead(encoder, head).model, feeds);
      expect(logits.dims).toEqual([2, 3]);
      for (let i = 0; i < 6; i++) expect(logits.data[i]).toBeCloseTo(expected.data[i] as number, 3);
    },
  );
});

describe('inspectFolder', () => {
  it('describes a classifier and an encoder', async () => {
    const classifier = await inspectFolder(
      folder(tinyClassifier(), { 'config.json': configOf(LABELS), 'README.md': 'x' }),
    );
    expect(classifier).toMatchObject({
      kind: 'onnx-classifier',
      modelFile: 'onnx/model.onnx',
      labels: LABELS,
      tokenizer: { type: 'WordLevel', vocabulary: 31, maxLength: 64 },
      inputs: [{ name: 'input_ids', type: 'int64', shape: ['batch', 'tokens'] }, {}, {}],
      outputs: [{ name: 'logits', type: 'float32', shape: ['batch', 8] }],
    });
    expect(classifier.files.map(({ path }) => path)).toEqual([
      'config.json',
      'onnx/model.onnx',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const path = folder(tinyEncoder(), {
      '1_Pooling/config.json': { word_embedding_dimension: 8, pooling_mode_cls_token: true },
    });
    const embedding = { output: 'last_hidden_state', width: 8 };
    expect(await inspectFolder(path)).toMatchObject({
      kind: 'onnx-encoder',
      embedding: { ...embedding, pooling: 'cls' },
    });
    expect(await inspectFolder(path, { pooling: 'mean' })).toMatchObject({
      embedding: { ...embedding, pooling: 'mean' },
    });
  });

  it('refuses a graph that no Protocol Buffers message can hold, naming the limit', async () => {
    const path = folder(tinyClassifier(), { 'config.json': configOf(LABELS) });
    truncateSync(join(path, 'onnx/model.onnx'), 2 ** 31); // Sparse: it takes no room on the disk.
    await expect(inspectModelFolder(path)).rejects.toMatchObject({
      code: 'RT_TOO_LARGE',
      message: expect.stringContaining('may have 2147483647'),
    });
  });

  const lm = new GraphBuilder({ base: tinyEncoder() });
  lm.graph.outputs.length = 0;
  lm.add('Identity', ['last_hidden_state'], { outputs: ['logits'] });
  lm.output('logits', 'float32', ['batch', 'tokens', 8]);

  const positions = new GraphBuilder({ base: tinyEncoder() });
  positions.graph.outputs.length = 0;
  const axis = positions.constant({ type: 'int64', dims: [], data: BigInt64Array.of(1n) });
  const table = positions.constant(floats([32, 8], weights(256)));
  const position = positions.add('Gather', [table, positions.add('CumSum', ['attention_mask', axis])]);
  positions.add('Add', ['last_hidden_state', position], { outputs: ['token_embeddings'] });
  positions.output('token_embeddings', 'float32', ['batch', 'tokens', 8]);

  const config = { 'config.json': configOf(LABELS) };
  it.each<[string, Model | Uint8Array, Record<string, unknown>, string]>([
    ['no graph', tinyEncoder(), { 'onnx/model.onnx': undefined }, 'has no onnx/model.onnx and no model.onnx.'],
    [
      'only safetensors',
      tinyEncoder(),
      { 'onnx/model.onnx': undefined, 'model.safetensors': 'x' },
      'only the weights model.safetensors: export the model to ONNX',
    ],
    [
      'a graph by another name',
      tinyEncoder(),
      { 'onnx/model.onnx': undefined, 'onnx/model_int8.onnx': 'x' },
      'but onnx/model_int8.onnx: name the graph',
    ],
    ['no tokenizer', tinyEncoder(), { 'tokenizer.json': undefined }, 'has no tokenizer.json.'],
    [
      'a slow tokenizer',
      tinyEncoder(),
      { 'tokenizer.json': undefined, 'vocab.txt': 'x' },
      'only vocab.txt: save the fast tokenizer',
    ],
    [
      'a broken tokenizer',
      tinyEncoder(),
      { 'tokenizer.json': '{"model":' },
      'tokenizer.json of the model folder is not valid JSON',
    ],
    ['a graph that is none', new Uint8Array([8, 1, 255]), {}, 'not a readable ONNX protobuf'],
    [
      'too small an embedding table',
      tinyEncoder({ rows: 20 }),
      {},
      'ids up to 30, but the embedding table "embeddings" of the model has only 20 rows',
    ],
    [
      'an input it cannot feed',
      tinyEncoder({ inputs: ['input_ids', 'attention_mask', 'position_ids'] }),
      {},
      'an input "position_ids"',
    ],
    ['logits without labels', tinyClassifier(), {}, 'config.json has no "id2label"'],
    [
      'labels that are not as many as the logits',
      tinyClassifier({ width: 5 }),
      config,
      'config.json has 8 labels, but the output "logits" of the model has width 5',
    ],
    ['one label', tinyClassifier({ width: 1 }), { 'config.json': configOf(['a']) }, 'needs at least 2'],
    ['a language model', lm.build(), config, 'has 3 dimensions: a text classifier gives [batch, labels]'],
    [
      'several labels a text',
      tinyClassifier(),
      { 'config.json': { ...configOf(LABELS), problem_type: 'multi_label_classification' } },
      'multi_label',
    ],
    [
      'another pooling',
      tinyEncoder(),
      { '1_Pooling/config.json': { pooling_mode_max_tokens: true } },
      'asks for pooling_mode_max_tokens',
    ],
    [
      'a length that the model does not take',
      positions.build(),
      {},
      'fails on a text of 64 tokens, the most that its tokenizer gives',
    ],
  ])('says what is wrong: %s', async (_, model, files, message) => {
    await expect(inspectFolder(folder(model, files))).rejects.toMatchObject({
      code: 'RT_INVALID_TEACHER',
      message: expect.stringContaining(message),
    });
  });

  it('says what outputs there are where none is an embedding', async () => {
    await expect(inspectFolder(folder(tinyEncoder()), { pooling: 'none' })).rejects.toThrow(
      'it has "last_hidden_state" float32 [batch, tokens, 8]',
    );
    await expect(inspectFolder(join(root, 'absent'))).rejects.toThrow('does not exist');
  });
});

describe('inspectModelFolder', () => {
  it('answers from a child process, and stops a model that never returns', async () => {
    const path = folder(tinyClassifier(), { 'config.json': configOf(LABELS) });
    expect(await inspectModelFolder(path)).toEqual(await inspectFolder(path));
    await expect(inspectModelFolder(folder(tinyClassifier()))).rejects.toMatchObject({ code: 'RT_INVALID_TEACHER' });

    const body = new GraphBuilder({ name: 'body' });
    body.input('i', 'int64', []);
    body.input('go', 'bool', []);
    body.input('carried', 'float32', [null, null]);
    body.output(body.add('Identity', ['go'], { outputs: ['go_on'] }), 'bool', []);
    body.output(body.add('Identity', ['carried'], { outputs: ['next'] }), 'float32', [null, null]);
    const b = new GraphBuilder({ base: tinyClassifier() });
    b.graph.outputs.length = 0;
    Object.assign(b.graph.nodes.at(-1)!, { outputs: ['finished'], name: 'finished' });
    const go = b.constant({ type: 'bool', dims: [], data: Uint8Array.of(1) });
    b.add('Loop', ['', go, 'finished'], {
      outputs: ['logits'],
      attributes: { body: { kind: 'graph', value: body.graph } },
    });
    b.output('logits', 'float32', ['batch', 8]);
    const endless = folder(b.build(), { 'config.json': configOf(LABELS) });
    await expect(inspectModelFolder(endless, { timeoutMs: 2000 })).rejects.toMatchObject({
      code: 'RT_INVALID_TEACHER',
      message: 'Trying the model took longer than 2 s and was stopped.',
    });
  });
});

describe('openTeacher', () => {
  it('gives logits, labels and a digest that changes with what decides the answers alone', async () => {
    const files = { 'config.json': configOf(LABELS) };
    const path = folder(tinyClassifier(), files);
    const teacher = await openTeacher(path);
    const inline = await openTeacher(path, { placement: 'inline' });
    expect(teacher.labels).toEqual(LABELS);
    const logits = await teacher.logits(TEXTS);
    expect(logits).toHaveLength(TEXTS.length * 8);
    expect(Math.max(...(await inline.logits(TEXTS)).map((value, i) => Math.abs(value - logits[i])))).toBeLessThan(1e-4);
    await expect(teacher.logits(TEXTS, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'RT_CANCELLED',
    });
    await Promise.all([teacher.close(), inline.close()]);

    expect(teacher.digest).toBe(answerDigest(await listModelFiles(path)));
    const digestOf = async (model: Model, more: object) =>
      answerDigest(await listModelFiles(folder(model, { ...files, ...more })));
    expect(await digestOf(tinyClassifier(), { 'README.md': 'new' })).toBe(teacher.digest);
    expect(await digestOf(tinyClassifier(), { 'config.json': configOf([...LABELS].reverse()) })).not.toBe(
      teacher.digest,
    );
    expect(await digestOf(tinyClassifier({ type: 'int32' }), {})).not.toBe(teacher.digest);
  });

  it('refuses an encoder', async () => {
    await expect(openTeacher(folder(tinyEncoder()))).rejects.toMatchObject({
      code: 'RT_INVALID_TEACHER',
      message: expect.stringContaining('config.json'),
    });
  });
});

describe('openEncoder', () => {
  it('embeds in a thread as inline, one row per text whatever is beside it', async () => {
    const path = folder(tinyEncoder());
    const [thread, inline] = await Promise.all([
      openEncoder(path),
      openEncoder(path, { placement: 'inline', normalize: true }),
    ]);
    expect(thread.width).toBe(8);
    const together = await thread.embed(TEXTS);
    const unit = await inline.embed(TEXTS);
    for (const [i, text] of TEXTS.entries()) {
      const alone = await thread.embed([text]);
      const norm = Math.hypot(...alone);
      for (let k = 0; k < 8; k++) {
        expect(together[i * 8 + k]).toBeCloseTo(alone[k], 4);
        expect(unit[i * 8 + k]).toBeCloseTo(alone[k] / norm, 4);
      }
    }
    await Promise.all([thread.close(), inline.close()]);
  });
});
