import type { EncoderShape } from '@retort/contracts';
import { int64s, type Model, writeModel } from '@retort/onnx';
import { openSession } from '@retort/runtime';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withWeights } from '../trainable.js';
import { train } from '../training/train.js';
import { encoderStudent } from './encoder-student.js';

const SPEC: EncoderShape = {
  family: 'encoder',
  layers: 2,
  width: 16,
  heads: 2,
  intermediate: 24,
  maxLength: 20,
  dropout: 0,
  pooling: 'mean',
  hidden: 0,
};
const CLASSES = 5;
const VOCABULARY = 30;
const build = (changes: Partial<EncoderShape> = {}, options: { classes?: number; seed?: number } = {}) =>
  encoderStudent({ ...SPEC, ...changes }, { vocabularySize: VOCABULARY, classes: CLASSES, seed: 1, ...options });

/** Inputs of a batch of texts, padded to `tokens` with ids that must not matter. */
function inputsOf(texts: number[][], tokens = Math.max(1, ...texts.map(({ length }) => length))) {
  const grid = (at: (text: number[], t: number) => number) =>
    int64s(
      [texts.length, tokens],
      texts.flatMap((text) => Array.from({ length: tokens }, (_, t) => at(text, t))),
    );
  return { input_ids: grid((text, t) => text[t] ?? 29), attention_mask: grid((text, t) => (t < text.length ? 1 : 0)) };
}

async function logitsOf(model: Model, texts: number[][], tokens?: number): Promise<number[][]> {
  const session = await openSession(writeModel(model), { placement: 'inline' });
  const { logits } = await session.run(inputsOf(texts, tokens));
  await session.close();
  expect(logits.dims).toEqual([texts.length, CLASSES]);
  return texts.map((_, i) => [...(logits.data as Float32Array).subarray(i * CLASSES, (i + 1) * CLASSES)]);
}

describe('the encoder student', () => {
  it('takes only what every Hugging Face runtime feeds', () => {
    const { model, trainable } = build();
    expect(model.graph.inputs).toEqual([
      { name: 'input_ids', type: 'int64', shape: ['batch', 'tokens'] },
      { name: 'attention_mask', type: 'int64', shape: ['batch', 'tokens'] },
    ]);
    expect(model.graph.outputs).toEqual([{ name: 'logits', type: 'float32', shape: ['batch', CLASSES] }]);
    expect([...model.opsets.keys()]).toEqual(['']);
    // Everything of rank 1 or 2 in floats is a weight; what is left are the formulae's scalars.
    const large = [...model.graph.initializers].filter(([, { type, dims }]) => type === 'float32' && dims.length > 0);
    expect(large.map(([name]) => name).toSorted()).toEqual(trainable.toSorted());
  });

  it.each([
    ['mean', 0],
    ['cls', 8],
    ['mean-and-words', 8],
  ] as const)(
    'answers a text alike however far it is padded and whatever stands beside it, pooling by %s, with %i hidden units',
    async (pooling, hidden) => {
      const { model } = build({ pooling, hidden });
      const text = fc.array(fc.integer({ min: 1, max: 29 }), { minLength: 1, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(
          fc.array(text, { minLength: 1, maxLength: 4 }),
          fc.integer({ min: 1, max: 6 }),
          async (texts, more) => {
            const together = await logitsOf(model, texts, Math.max(...texts.map(({ length }) => length)) + more);
            for (const [i, alone] of texts.entries()) {
              const [logits] = await logitsOf(model, [alone]);
              for (let c = 0; c < CLASSES; c++) expect(together[i][c]).toBeCloseTo(logits[c], 5);
            }
          },
        ),
        { numRuns: 15 },
      );
    },
  );

  it('answers an empty text with finite numbers', async () => {
    const [logits] = await logitsOf(build().model, [[]], 3);
    expect(logits.every(Number.isFinite)).toBe(true);
  });

  it('learns what only the order of the tokens tells', async () => {
    // 2 comes first and 3 last, or the other way round: the same tokens in both classes.
    const count = 256;
    const texts = Array.from({ length: count }, (_, i) => {
      const inner = Array.from({ length: 2 + (i % 5) }, (_, t) => 4 + ((7 * i + 5 * t) % 20));
      return i % 2 === 0 ? [2, ...inner, 3] : [3, ...inner, 2];
    });
    const { history } = await train({
      ...build({ width: 32 }),
      count,
      labels: Int32Array.from({ length: count }, (_, i) => i % 2),
      inputs: (rows) => inputsOf(Array.from(rows, (row) => texts[row])),
      loss: { lambda: 1, temperature: 1 },
      training: { epochs: 12, batchSize: 16, learningRate: 0.005, seed: 1 },
    });
    expect(history.at(-1)?.loss).toBeLessThan(0.2);
  });

  it('classifies the words also past the layers, where it is asked to', async () => {
    const { model, trainable } = build({ pooling: 'mean-and-words', hidden: 8 });
    const dims = (name: string) => model.graph.initializers.get(name)?.dims;
    expect(['text.norm.scale', 'hidden.weight', 'output.weight'].map(dims)).toEqual([[32], [32, 8], [8, CLASSES]]);
    expect(trainable).toEqual(expect.arrayContaining(['text.norm.bias', 'hidden.bias']));
    // Without what the layers give, logits still depend on the words.
    const silent = withWeights(model, new Map([['layers.1.feed_forward.norm.scale', new Float32Array(16)]]));
    const [one, other] = [await logitsOf(silent, [[3, 4, 5]]), await logitsOf(silent, [[3, 4, 6]])];
    expect(one).not.toEqual(other);
    const plain = withWeights(
      build({ hidden: 8 }).model,
      new Map([['layers.1.feed_forward.norm.scale', new Float32Array(16)]]),
    );
    expect(await logitsOf(plain, [[3, 4, 5]])).toEqual(await logitsOf(plain, [[3, 4, 6]]));
  });

  it('is the same for the same seed', () => {
    const made = (seed: number) => writeModel(build({}, { seed }).model);
    expect(made(1)).toEqual(made(1));
    expect(made(1)).not.toEqual(made(2));
  });

  it('carries dropout where BERT has it, turned off', async () => {
    const { model } = build({ dropout: 0.5 });
    const nodes = model.graph.nodes.filter(({ op }) => op === 'Dropout');
    // Embeddings, three places a layer, and before the classifier.
    expect(nodes).toHaveLength(1 + 3 * SPEC.layers + 1);
    for (const { inputs } of nodes) {
      expect(inputs).toHaveLength(2);
      expect(model.graph.initializers.get(inputs[1])?.data).toEqual(Float32Array.of(0.5));
    }
    expect(await logitsOf(model, [[3, 4, 5]])).toEqual(await logitsOf(build().model, [[3, 4, 5]]));
  });

  it('refuses a spec that makes no sense', () => {
    expect(() => build({ heads: 3 })).toThrow('heads (3) must divide width (16)');
    expect(() => build({ layers: 0 })).toThrow('must be positive');
    expect(() => build({}, { classes: 1 })).toThrow('at least 2 classes');
  });
});
