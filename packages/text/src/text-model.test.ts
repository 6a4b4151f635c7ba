import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder, type Model, writeModel } from '@retort/onnx';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  configOf,
  type TinyModelOptions,
  tinyClassifier,
  tinyEncoder,
  writeFolder,
} from '../../../test/support/tiny-models.js';
import { findServedFile, openTextClassifier, openTextModel } from './index.js';
import { planBatches } from './plan-batches.js';

const root = mkdtempSync(join(tmpdir(), 'retort-text-'));
afterAll(() => rmSync(root, { recursive: true }));
const LABELS = Array.from({ length: 8 }, (_, i) => `label ${i}`);

let folders = 0;
const folder = (model: Model, files: Record<string, unknown> = { 'config.json': configOf(LABELS) }) =>
  writeFolder(join(root, `${folders++}`), model, files);

const texts = fc.array(fc.string({ unit: fc.constantFrom(...'abcxyz ?'), minLength: 1, maxLength: 80 }), {
  minLength: 1,
  maxLength: 30,
});

describe('openTextModel', () => {
  it.each<TinyModelOptions>([
    {},
    { inputs: ['attention_mask', 'input_ids'] },
    { type: 'int32' },
    { inputs: ['input_ids'] },
    { shape: ['batch', 16] },
    { shape: [1, 'tokens'] },
  ])('answers many texts as it answers each alone, with inputs %o', async (options) => {
    const model = await openTextModel(folder(tinyClassifier(options)), { placement: 'inline' });
    await fc.assert(
      fc.asyncProperty(texts, async (batch) => {
        const { data, dims } = await model.run(batch, 'logits');
        expect(dims).toEqual([batch.length, 8]);
        for (const [i, text] of batch.entries()) {
          const alone = (await model.run([text], 'logits')).data;
          for (let k = 0; k < 8; k++) expect(data[i * 8 + k]).toBeCloseTo(alone[k], 3);
        }
      }),
      { numRuns: 20 },
    );
    await model.close();
  });

  it('gives the same in a thread, for more texts than go there at once', async () => {
    const path = folder(tinyClassifier());
    const inline = await openTextModel(path, { placement: 'inline' });
    const thread = await openTextModel(path);
    const many = Array.from({ length: 700 }, (_, i) => 'abc xyz'.repeat((i % 11) + 1));
    const [a, b] = await Promise.all([inline.run(many, 'logits'), thread.run(many, 'logits')]);
    expect(b.dims).toEqual([700, 8]);
    expect(Math.max(...a.data.map((value, i) => Math.abs(value - b.data[i])))).toBeLessThan(1e-3);
    expect(thread.tokenizer).toMatchObject({ kind: 'character', maxLength: 64 });
    await expect(thread.run(many, 'logits', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'RT_CANCELLED',
    });
    await Promise.all([inline.close(), thread.close()]);
  });

  it('says that rows of varying size need pooling', async () => {
    const model = await openTextModel(folder(tinyEncoder()), { placement: 'inline' });
    const wide = Array.from({ length: 80 }, (_, i) => 'a'.repeat((i % 60) + 1));
    await expect(model.run(wide, 'last_hidden_state')).rejects.toThrow('not one row of fixed size');
    await model.close();
  });

  const foreign = (name: string, type: 'int64' | 'float32', dims: (number | string)[]) => {
    const b = new GraphBuilder();
    b.input(name, type, dims);
    b.output(b.add('Identity', [name]), type, dims);
    return b.build();
  };
  it.each([
    [foreign('pixels', 'int64', ['b', 't']), 'asks for an input "pixels"'],
    [foreign('input_ids', 'float32', ['b', 't']), 'is float32, not int64 or int32'],
    [foreign('input_ids', 'int64', ['b']), 'has 1 dimensions'],
    [foreign('input_ids', 'int64', [4, 't']), 'fixed batch of 4'],
    [foreign('attention_mask', 'int64', ['b', 't']), 'no input "input_ids"'],
  ])('refuses a model that is no text model (%#)', async (model, message) => {
    const opening = openTextModel(folder(model), { placement: 'inline' });
    await expect(opening).rejects.toMatchObject({
      code: 'RT_INVALID_MODEL',
      message: expect.stringContaining(message),
    });
  });
});

describe('openTextClassifier', () => {
  it('scores by softmax, best first, as the logits say', async () => {
    const classifier = await openTextClassifier(folder(tinyClassifier()), { placement: 'inline' });
    expect(classifier.labels).toEqual(LABELS);
    const logits = await classifier.logits(['abc']);
    const exps = [...logits].map(Math.exp);
    const total = exps.reduce((a, b) => a + b);
    const [{ label, confidence, scores }] = await classifier.classify(['abc'], { topK: 8 });
    expect(scores.map((entry) => entry.score)).toEqual(scores.map((entry) => entry.score).sort((a, b) => b - a));
    for (const entry of scores) expect(entry.score).toBeCloseTo(exps[LABELS.indexOf(entry.label)] / total, 6);
    expect({ label, confidence }).toEqual({ label: scores[0].label, confidence: scores[0].score });
    expect(await classifier.classify(['abc'])).toEqual([{ label, confidence, scores: scores.slice(0, 1) }]);
    for (const topK of [2, 5, 100]) {
      expect((await classifier.classify(['abc'], { topK }))[0].scores).toEqual(scores.slice(0, topK));
    }
    expect(await classifier.classify([])).toEqual([]);
    await classifier.close();
  });

  it.each([
    [{}, 'has no config.json'],
    [{ 'config.json': '{' }, 'config.json of the model folder is not valid JSON'],
    [{ 'config.json': {} }, 'no "id2label"'],
    [{ 'config.json': { id2label: { 0: 'a', 2: 'b' } } }, 'no label for 1'],
    [{ 'config.json': configOf(['a', 'b', 'a']) }, 'gives the label "a" twice'],
    [
      { 'config.json': configOf(['a', 'b']) },
      'config.json has 2 labels, but the output "logits" of the model has width 8',
    ],
    [
      { 'config.json': { ...configOf(LABELS), problem_type: 'multi_label_classification' } },
      'multi_label_classification',
    ],
    [{ 'config.json': configOf(LABELS), 'tokenizer.json': undefined }, 'has no tokenizer.json'],
    [{ 'config.json': configOf(LABELS), 'onnx/model.onnx': undefined }, 'has no model.onnx and no onnx/model.onnx'],
    [{ 'config.json': configOf(LABELS), 'onnx/model.onnx': 'nonsense' }, 'cannot be loaded'],
  ])('says what is wrong with a folder: %o', async (files, message) => {
    const opening = openTextClassifier(folder(tinyClassifier(), files), { placement: 'inline' });
    await expect(opening).rejects.toMatchObject({
      code: 'RT_INVALID_MODEL',
      message: expect.stringContaining(message),
    });
  });
});

describe('findServedFile', () => {
  const graph = writeModel(tinyClassifier());
  const both = { 'onnx/model_quantized.onnx': graph };
  const config = (dtype: string) => ({ 'config.json': { 'transformers.js_config': { dtype } } });
  it.each([
    ['the float graph, whatever stands beside it', both, 'onnx/model.onnx'],
    ['the int8 one where config.json chooses it', { ...both, ...config('q8') }, 'onnx/model_quantized.onnx'],
    ['the float one where the chosen one is missing', config('q8'), 'onnx/model.onnx'],
    ['the float one where config.json chooses that', { ...both, ...config('fp32') }, 'onnx/model.onnx'],
  ])('is %s', async (_name, files, expected) => {
    expect(await findServedFile(folder(tinyClassifier(), files))).toBe(expected);
  });
});

describe('planBatches', () => {
  it('covers each row once, within the limits, and pads little', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 40 }), fc.boolean(), (all, maxRows, equalLengths) => {
        const plan = planBatches(
          all.map((length) => ({ length })),
          { maxRows, maxTokens: 1000, equalLengths },
        );
        expect(plan.flat().sort((a, b) => a - b)).toEqual(all.map((_, i) => i));
        for (const rows of plan) {
          const longest = Math.max(...rows.map((row) => all[row]));
          expect(rows.length).toBeLessThanOrEqual(maxRows);
          if (rows.length > 1) expect(longest * rows.length).toBeLessThanOrEqual(1000);
          if (equalLengths) expect(new Set(rows.map((row) => all[row])).size).toBe(1);
        }
      }),
    );
  });
});
