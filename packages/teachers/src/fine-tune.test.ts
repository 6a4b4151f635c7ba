import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type FineTuneSpecInput, type Progress, type Row, resolveFineTuneSpec, type Split } from '@retort/contracts';
import { type Model, readModel, type Tensor } from '@retort/onnx';
import { afterAll, describe, expect, it } from 'vitest';
import { sharedPath } from '../../../test/support/shared.js';
import { tinyEncoder, writeFolder } from '../../../test/support/tiny-models.js';
import { tinyTransformer } from '../../../test/support/tiny-transformer.js';
import { checkFineTuning } from './fine-tuning-task.js';
import {
  answerDigest,
  fineTune,
  importModel,
  inspectModelFolder,
  listModelFiles,
  openTeacher,
  trainTeacherHead,
} from './index.js';

const root = mkdtempSync(join(tmpdir(), 'retort-finetune-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const fresh = () => join(root, `${folders++}`);

/** Texts of random letters, labelled by the half of the alphabet that most of them are of. */
function rowsOf(count: number, splits: Split[] = ['train', 'train', 'train', 'valid', 'test']): Row[] {
  const halves = { early: 'abcdefghijklm', late: 'nopqrstuvwxyz' };
  return Array.from({ length: count }, (_, i) => {
    const label = i % 2 === 0 ? 'early' : 'late';
    const other = i % 2 === 0 ? 'late' : 'early';
    const letters = Array.from(
      { length: 9 },
      (_, k) => halves[k % 3 === 2 ? other : label][(i * 7 + k * k * 5 + k) % 13],
    );
    return { text: letters.join(''), label, split: splits[Math.floor(i / 2) % splits.length] };
  });
}

/** Whether two float32 tensors are the same bit by bit. */
function sameBytes(a: Tensor, b: Tensor): boolean {
  const bytes = ({ data }: Tensor) => Buffer.from(Float32Array.from(data as Float32Array).buffer);
  return bytes(a).equals(bytes(b));
}

const modelIn = (dir: string): Model => readModel(readFileSync(join(dir, 'onnx/model.onnx')));

/** An encoder whose rows are all alike, so that nothing but training it can tell one letter from another. */
const blind = writeFolder(fresh(), tinyTransformer({ table: { alike: true } }), {
  'config.json': { model_type: 'tiny' },
});
const seeing = writeFolder(fresh(), tinyTransformer());
const spec: FineTuneSpecInput = { epochs: 4, batchSize: 16, learningRate: 0.01, headLearningRate: 0.01 };

describe('checkFineTuning', () => {
  const check = (given: FineTuneSpecInput, maxLength = 8192) =>
    checkFineTuning(seeing, { spec: resolveFineTuneSpec(given), maxLength });

  it('refuses a step that needs too much memory, by the tokens that its texts can have', async () => {
    // 2 layers · (16 · 8 + 4 · 32 + 4 · 1024) values a token · 512 · 1024 tokens · 4 bytes = 17.0 GiB.
    await expect(check({ batchSize: 512, maxLength: 1024 })).rejects.toMatchObject({
      code: 'RT_INVALID_TEACHER',
      message: expect.stringMatching(/^A step of 512 texts of 1024 tokens may need 17\.0 GiB, at most 16\.0 GiB/),
    });
    await check({ batchSize: 512, maxLength: 1024 }, 512);
    await check({ batchSize: 512, maxLength: 1024, freezeLayers: 1 });
  });
});

describe('fineTune', () => {
  it('learns what no head on the frozen encoder can, and the same bytes for the same seed', async () => {
    const rows: Row[] = [...rowsOf(300), { text: 'unlabelled', split: 'train' }];
    const progress: Progress[] = [];
    const outDir = fresh();
    const { manifest, metrics } = await fineTune({
      encoderDir: blind,
      outDir,
      rows,
      seed: 1,
      spec,
      onProgress: (p) => progress.push(p),
    });
    const frozen = await trainTeacherHead({
      encoderDir: blind,
      outDir: fresh(),
      rows,
      seed: 1,
      head: { hidden: 16, epochs: 10 },
    });
    expect(metrics.accuracy).toBeGreaterThan(0.95);
    expect(frozen.metrics.accuracy).toBeLessThan(0.7);
    expect(manifest).toMatchObject({ kind: 'onnx-classifier', labels: ['early', 'late'] });
    expect(manifest).toEqual(await inspectModelFolder(outDir));
    expect(metrics).toMatchObject({
      rows: { train: 180, valid: 60, test: 60 },
      labels: 2,
      embeddingWidth: 8,
      layers: 2,
      epochs: 4,
    });
    expect(metrics.history).toHaveLength(4);
    expect(metrics.validationAccuracy).toBe(Math.max(...metrics.history.map((epoch) => epoch.validationAccuracy!)));
    expect(JSON.parse(readFileSync(join(outDir, 'config.json'), 'utf8'))).toMatchObject({
      model_type: 'bert',
      encoder_model_type: 'tiny',
      id2label: { 0: 'early', 1: 'late' },
    });
    expect(progress.at(-1)).toMatchObject({ stage: 'measuring', done: 60, total: 60 });
    expect(progress.filter(({ stage }) => stage === 'fine-tuning').at(-1)).toMatchObject({ done: 48, total: 48 });

    const teacher = await openTeacher(outDir);
    const test = rows.filter(({ split }) => split === 'test');
    const logits = await teacher.logits(test.map(({ text }) => text));
    await teacher.close();
    const right = test.filter(({ label }, i) => (logits[2 * i] > logits[2 * i + 1] ? 'early' : 'late') === label);
    expect(right.length / test.length).toBeCloseTo(metrics.accuracy!, 6);

    const again = fresh();
    await fineTune({ encoderDir: blind, outDir: again, rows, seed: 1, spec });
    expect(answerDigest(await listModelFiles(again))).toBe(teacher.digest);
  });

  it('goes on from a checkpoint, but not for a text that has changed since', async () => {
    const rows = rowsOf(60);
    const checkpoint = { path: join(root, 'fine-tuning.checkpoint') };
    const options = { encoderDir: seeing, rows, seed: 1, spec: { ...spec, epochs: 1 }, checkpoint };
    await fineTune({ ...options, outDir: fresh() });
    const changed = rows.map((row, i) => (i === 0 ? { ...row, text: [...row.text].reverse().join('') } : row));
    await expect(fineTune({ ...options, rows: changed, outDir: fresh() })).rejects.toMatchObject({
      code: 'RT_INVALID_CHECKPOINT',
      message: expect.stringContaining('belongs to another training: the training examples differ'),
    });
    const notes: (string | undefined)[] = [];
    await fineTune({ ...options, outDir: fresh(), onProgress: ({ note }) => notes.push(note) });
    expect(notes).toContainEqual(expect.stringMatching(/^resumed at step [1-9]/));
  });

  it.each<[string, FineTuneSpecInput, number]>([
    ['nothing', {}, -1],
    ['the embeddings', { freezeEmbeddings: true }, 0],
    ['the first layer', { freezeLayers: 1 }, 1],
    ['all layers', { freezeLayers: 2 }, 2],
  ])('leaves what is frozen as it was, bit by bit: %s', async (_, frozen, depth) => {
    const before = await importModel(seeing);
    const outDir = fresh();
    const rows = rowsOf(60);
    await fineTune({ encoderDir: seeing, outDir, rows, seed: 1, spec: { ...spec, ...frozen, epochs: 1 } });
    const after = modelIn(outDir).graph.initializers;
    for (const [name, at] of before.depths) {
      const same = sameBytes(before.model.graph.initializers.get(name)!, after.get(name)!);
      expect({ name, same }).toEqual({ name, same: at <= depth });
    }
  });

  it('does without validation and test rows', async () => {
    const rows = rowsOf(40, ['train']);
    const { metrics } = await fineTune({
      encoderDir: seeing,
      outDir: fresh(),
      rows,
      seed: 1,
      spec: { ...spec, epochs: 2 },
    });
    expect(metrics).toMatchObject({ rows: { train: 40, valid: 0, test: 0 }, bestEpoch: 2 });
    expect(metrics.accuracy).toBeUndefined();
    expect(metrics.validationAccuracy).toBeUndefined();
  });

  it.each<[string, FineTuneSpecInput, string]>([
    ['RT_INVALID_FIELD', { epochs: 0 }, '/epochs'],
    ['RT_INVALID_FIELD', { learningRate: -1 }, '/learningRate'],
    ['RT_INVALID_FIELD', { layers: 3 } as FineTuneSpecInput, '/layers: is not an option'],
    ['RT_INVALID_TEACHER', { freezeLayers: 3 }, 'freezeLayers is 3, but the model has 2 layer(s)'],
  ])('refuses options that make no sense: %s %o', async (code, wrong, message) => {
    const training = fineTune({ encoderDir: seeing, outDir: fresh(), rows: rowsOf(40), seed: 1, spec: wrong });
    await expect(training).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('refuses patience without rows to validate on', async () => {
    const rows = rowsOf(40, ['train']);
    const training = fineTune({ encoderDir: seeing, outDir: fresh(), rows, seed: 1, spec: { patience: 2 } });
    await expect(training).rejects.toMatchObject({
      code: 'RT_INVALID_FIELD',
      problems: [{ path: '/patience', message: expect.stringContaining('no labelled row') }],
    });
  });

  it('refuses rows without labels', async () => {
    const rows: Row[] = [{ text: 'a', split: 'train' }];
    await expect(fineTune({ encoderDir: seeing, outDir: fresh(), rows, seed: 1 })).rejects.toMatchObject({
      code: 'RT_INVALID_DATASET',
    });
  });

  it('refuses a model that cannot tell padding from text', async () => {
    const encoderDir = writeFolder(fresh(), tinyEncoder({ inputs: ['input_ids'] }));
    await expect(fineTune({ encoderDir, outDir: fresh(), rows: rowsOf(40), seed: 1 })).rejects.toMatchObject({
      code: 'RT_INVALID_TEACHER',
      message: expect.stringContaining('attention_mask'),
    });
  });

  it('names the operator that has no gradient', async () => {
    const model = tinyTransformer();
    const softmax = model.graph.nodes.find(({ op }) => op === 'Softmax')!;
    Object.assign(softmax, { op: 'Hardmax', name: 'layer.0/Hardmax' });
    const encoderDir = writeFolder(fresh(), model);
    await expect(fineTune({ encoderDir, outDir: fresh(), rows: rowsOf(40), seed: 1 })).rejects.toMatchObject({
      code: 'RT_UNSUPPORTED_OP',
      message: expect.stringContaining('(Hardmax)'),
    });
  });

  const minilm = sharedPath('models/minilm-l6');
  const banking = sharedPath('data/banking77/data.jsonl');
  it.skipIf(minilm === undefined || banking === undefined)(
    'trains the last layers of MiniLM and leaves the others as they are (needs ../shared)',
    async () => {
      const encoderDir = writeFolder(fresh(), gunzipSync(readFileSync(join(minilm!, 'model.onnx.gz'))), {
        'tokenizer.json': readFileSync(join(minilm!, 'tokenizer.json')),
        'tokenizer_config.json': readFileSync(join(minilm!, 'tokenizer_config.json')),
      });
      const rows = readFileSync(banking!, 'utf8')
        .split('\n')
        .filter((line) => /"label":"(card_arrival|exchange_rate)","split":"train"/.test(line))
        .map((line): Row => JSON.parse(line))
        .sort((a, b) => a.text.length - b.text.length)
        .slice(0, 32);
      const outDir = fresh();
      const short = { epochs: 3, batchSize: 8, freezeLayers: 4 };
      const { metrics } = await fineTune({ encoderDir, outDir, rows, seed: 1, spec: short });
      expect(metrics).toMatchObject({ layers: 6, embeddingWidth: 384, labels: 2 });
      expect(metrics.history.at(-1)!.loss).toBeLessThan(metrics.history[0].loss);

      const before = await importModel(encoderDir);
      const after = modelIn(outDir).graph.initializers;
      const changed = [...before.depths].filter(
        ([name]) => !sameBytes(before.model.graph.initializers.get(name)!, after.get(name)!),
      );
      expect(new Set(changed.map(([, depth]) => depth))).toEqual(new Set([5, 6]));
      expect(changed).toHaveLength(32);
    },
  );

  it('stops when cancelled', async () => {
    const controller = new AbortController();
    const training = fineTune({
      encoderDir: seeing,
      outDir: fresh(),
      rows: rowsOf(200),
      seed: 1,
      spec: { ...spec, epochs: 100 },
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(training).rejects.toMatchObject({ code: 'RT_CANCELLED' });
  });
});
