import type { StaticShape } from '@retort/contracts';
import { int64s, type Model, writeModel } from '@retort/onnx';
import { openSession } from '@retort/runtime';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { staticStudent } from './static-student.js';

const SPEC: StaticShape = {
  family: 'static',
  tokens: 'characters',
  tokenWidth: 0,
  width: 8,
  buckets: 500,
  hidden: 6,
  minGram: 2,
  maxGram: 4,
  maxLength: 64,
};
const CLASSES = 5;

/** Logits of each text of a batch, padded to `tokens` with ids that must not matter. */
async function logitsOf(model: Model, texts: number[][], tokens: number): Promise<number[][]> {
  const session = await openSession(writeModel(model), { placement: 'inline' });
  const grid = (at: (text: number[], t: number) => number) =>
    int64s(
      [texts.length, tokens],
      texts.flatMap((text) => Array.from({ length: tokens }, (_, t) => at(text, t))),
    );
  const { logits } = await session.run({
    input_ids: grid((text, t) => text[t] ?? 29),
    attention_mask: grid((text, t) => (t < text.length ? 1 : 0)),
  });
  await session.close();
  expect(logits.dims).toEqual([texts.length, CLASSES]);
  return texts.map((_, i) => [...(logits.data as Float32Array).subarray(i * CLASSES, (i + 1) * CLASSES)]);
}

describe('the static student', () => {
  const { model, trainable } = staticStudent(SPEC, { vocabularySize: 30, classes: CLASSES, seed: 1 });

  it('takes only what every Hugging Face runtime feeds, at an opset that they all know', () => {
    expect(model.graph.inputs).toEqual([
      { name: 'input_ids', type: 'int64', shape: ['batch', 'tokens'] },
      { name: 'attention_mask', type: 'int64', shape: ['batch', 'tokens'] },
    ]);
    expect(model.graph.outputs).toEqual([{ name: 'logits', type: 'float32', shape: ['batch', CLASSES] }]);
    expect(model.opsets).toEqual(new Map([['', 18]]));
    expect(trainable.every((name) => model.graph.initializers.get(name)?.type === 'float32')).toBe(true);
  });

  it('answers a text alike however far it is padded and whatever stands beside it', async () => {
    const text = fc.array(fc.integer({ min: 2, max: 29 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 6 }),
        async (texts, more) => {
          const together = await logitsOf(model, texts, Math.max(...texts.map(({ length }) => length)) + more);
          for (const [i, alone] of texts.entries()) {
            const [logits] = await logitsOf(model, [alone], Math.max(1, alone.length));
            for (let c = 0; c < CLASSES; c++) expect(together[i][c]).toBeCloseTo(logits[c], 4);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('tells texts apart by their order, their beginning and their end', async () => {
    const texts = [[5, 6, 7, 8], [8, 7, 6, 5], [5, 6, 7], [6, 7, 8], [5], []];
    const answers = await logitsOf(model, texts, 4);
    const distinct = new Set(answers.map((logits) => logits.map((z) => z.toFixed(5)).join()));
    expect(distinct.size).toBe(texts.length);
    expect(answers.flat().every(Number.isFinite)).toBe(true);
  });

  it('is the same for the same seed', () => {
    const made = (seed: number) =>
      writeModel(staticStudent(SPEC, { vocabularySize: 30, classes: CLASSES, seed }).model);
    expect(made(1)).toEqual(made(1));
    expect(made(1)).not.toEqual(made(2));
  });

  it('refuses a spec that makes no sense', () => {
    const build = (changes: Partial<StaticShape>) => () =>
      staticStudent({ ...SPEC, ...changes }, { vocabularySize: 30, classes: CLASSES, seed: 1 });
    expect(build({ minGram: 5 })).toThrow('minGram (5) must not be above maxGram (4)');
    expect(() => staticStudent(SPEC, { vocabularySize: 30, classes: 1, seed: 1 })).toThrow('at least 2 classes');
  });
});
