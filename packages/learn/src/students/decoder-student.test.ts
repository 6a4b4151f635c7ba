import {
  findInitializer,
  floats,
  gradient,
  initializersToInputs,
  int64s,
  type Model,
  type Tensor,
  writeModel,
} from '@retort/onnx';
import { openSession } from '@retort/runtime';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { LOSS } from '../loss/loss-options.js';
import { withTokenLoss } from '../loss/token-loss.js';
import { AdamW } from '../optimizer/adamw.js';
import { Gradients, type ParameterGradient } from '../optimizer/gradients.js';
import { OPTIMIZER_STATES } from '../optimizer/optimizer-states.js';
import { Parameters } from '../optimizer/parameters.js';
import { type TrainableModel, withWeights } from '../trainable.js';
import { type DecoderSpec, decoderStudent } from './decoder-student.js';

const SPEC: DecoderSpec = { layers: 2, width: 32, heads: 2, intermediate: 64, maxLength: 48, dropout: 0 };
/** What the character model learns: sentences of a small grammar, by a rule that no memory of single texts gives. */
const TEXT = Array.from(
  { length: 60 },
  (_, i) => `the ${['cat', 'dog', 'owl'][i % 3]} sees ${['one', 'two'][i % 2]} mice. `,
).join('');
const ALPHABET = [...new Set(TEXT)].sort();
const OPTIONS = { vocabularySize: ALPHABET.length, seed: 1 };
const idsOf = (text: string) => Array.from(text, (character) => ALPHABET.indexOf(character));

const run = async (model: Model, feeds: Record<string, Tensor>, outputs?: string[]) => {
  const session = await openSession(writeModel(model), { placement: 'inline' });
  const results = await session.run(feeds, { outputs: outputs ?? model.graph.outputs.map(({ name }) => name) });
  await session.close();
  return results;
};

/** Rows of ids padded on the right to one length, with their mask. */
function batchOf(rows: number[][]) {
  const tokens = Math.max(...rows.map(({ length }) => length));
  const grid = (at: (row: number[], t: number) => number) =>
    int64s(
      [rows.length, tokens],
      rows.flatMap((row) => Array.from({ length: tokens }, (_, t) => at(row, t))),
    );
  return {
    input_ids: grid((row, t) => row[t] ?? 0),
    attention_mask: grid((row, t) => (t < row.length ? 1 : 0)),
    labels: grid((row, t) => row[t + 1] ?? -1),
  };
}

/** Trains on random windows of {@link TEXT}; gives the losses and the trained model. */
async function trained(steps: number) {
  const { model, trainable } = decoderStudent(SPEC, OPTIONS);
  const forward = withTokenLoss(initializersToInputs(model, trainable));
  const { model: training, gradients } = gradient(forward, { loss: LOSS.output, wrt: trainable });
  const tables = new Set([...gradients].flatMap(([name, { kind }]) => (kind === 'sparse' ? [name] : [])));
  const parameters = new Parameters(model, trainable, { states: OPTIMIZER_STATES.adamw, tables });
  const summed = new Gradients(parameters);
  const optimizer = new AdamW(parameters);
  const session = await openSession(writeModel(training), { placement: 'inline' });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const windows = Array.from({ length: 8 }, (_, i) => (37 * (8 * step + i)) % (TEXT.length - 32));
    const batch = batchOf(windows.map((start) => idsOf(TEXT.slice(start, start + 32))));
    const results = await session.run({ ...batch, ...parameters.feeds });
    losses.push((results[LOSS.output].data as Float32Array)[0]);
    const found = [...gradients].map(([name, output]): [string, ParameterGradient] => [
      name,
      output.kind === 'dense'
        ? (results[output.output].data as Float32Array)
        : { indices: results[output.indices].data as BigInt64Array, rows: results[output.rows].data as Float32Array },
    ]);
    summed.clear();
    summed.add(new Map(found));
    optimizer.step(summed, { step: step + 1, learningRate: 0.005, scale: 1 });
  }
  await session.close();
  return { losses, weights: parameters.snapshot() };
}

/** Logits of all tokens, given in pieces of the given lengths, with the cache. `[tokens, vocabulary]`. */
async function logitsInPieces({ model }: TrainableModel, ids: number[], pieces: number[]): Promise<number[]> {
  const session = await openSession(writeModel(model), { placement: 'inline' });
  const empty = floats([1, SPEC.heads, 0, SPEC.width / SPEC.heads]);
  const parts = Array.from({ length: SPEC.layers }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat();
  let past = Object.fromEntries(parts.map((part) => [`past_key_values.${part}`, empty]));
  const logits: number[] = [];
  let done = 0;
  for (const length of pieces) {
    const tokens = ids.slice(done, done + length);
    const results = await session.run(
      {
        input_ids: int64s([1, length], tokens),
        attention_mask: int64s([1, done + length], Array(done + length).fill(1)),
        position_ids: int64s(
          [1, length],
          tokens.map((_, t) => done + t),
        ),
        ...past,
      },
      { outputs: ['logits', ...parts.map((part) => `present.${part}`)] },
    );
    logits.push(...(results.logits.data as Float32Array));
    past = Object.fromEntries(parts.map((part) => [`past_key_values.${part}`, results[`present.${part}`]]));
    done += length;
    expect(past['past_key_values.0.key'].dims).toEqual([1, SPEC.heads, done, SPEC.width / SPEC.heads]);
  }
  await session.close();
  return logits;
}

describe('the decoder student', () => {
  let losses: number[];
  let model: Model;
  let cached: TrainableModel;
  beforeAll(async () => {
    const result = await trained(150);
    losses = result.losses;
    model = withWeights(decoderStudent(SPEC, OPTIONS).model, result.weights);
    const withCache = decoderStudent(SPEC, { ...OPTIONS, cache: true });
    cached = { ...withCache, model: withWeights(withCache.model, result.weights) };
  });

  it('begins knowing nothing, and learns a text by its characters', () => {
    expect(Math.abs(losses[0] - Math.log(ALPHABET.length))).toBeLessThan(0.1);
    const mean = (part: number[]) => part.reduce((sum, loss) => sum + loss, 0) / part.length;
    // The text leaves open which animal and how many, about 0.1 nats a character.
    expect(mean(losses.slice(-10))).toBeLessThan(0.5);
    const tenths = Array.from({ length: 5 }, (_, i) => mean(losses.slice(30 * i, 30 * i + 30)));
    expect(tenths).toEqual(tenths.toSorted((a, b) => b - a));
  });

  it('gives the same logits with the cache as without, however the text is cut', async () => {
    const ids = idsOf('the owl sees two mice. the cat');
    const whole = await run(model, feedsOf([ids]));
    const expected = whole.logits.data as Float32Array;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 30, maxLength: 30 }), async (lengths) => {
        const pieces: number[] = [];
        for (let left = ids.length; left > 0; left -= pieces.at(-1) as number)
          pieces.push(Math.min(left, lengths.pop() as number));
        const got = await logitsInPieces(cached, ids, pieces);
        // Other shapes are summed in another order, so that they need not be bit-identical.
        expect(Math.max(...got.map((value, i) => Math.abs(value - expected[i])))).toBeLessThan(1e-5);
      }),
      { numRuns: 12, examples: [[Array(30).fill(1)], [Array(30).fill(30)]] },
    );
  });

  it('sees no later token, and no padding', async () => {
    const [first, second] = ['the cat sees', 'the cat runs'].map(idsOf);
    const alone = (await run(model, feedsOf([first.slice(0, 8)]))).logits.data as Float32Array;
    const { logits } = await run(model, feedsOf([first, second, first.slice(0, 8)]));
    const rows = logits.data as Float32Array;
    const row = (i: number) => rows.subarray(i * 12 * ALPHABET.length, (12 * i + 8) * ALPHABET.length);
    for (const i of [0, 1, 2]) {
      expect(Math.max(...row(i).map((value, at) => Math.abs(value - alone[at])))).toBeLessThan(1e-4);
    }
  });

  it('has the same weights in both of its graphs', () => {
    const plain = decoderStudent(SPEC, OPTIONS);
    const withCache = decoderStudent({ ...SPEC, dropout: 0.5 }, { ...OPTIONS, cache: true });
    expect(withCache.trainable).toEqual(plain.trainable);
    for (const name of plain.trainable) {
      expect(findInitializer(withCache.model, name)).toEqual(findInitializer(plain.model, name));
    }
    expect(withCache.model.graph.nodes.map(({ op }) => op)).not.toContain('Dropout');
    expect(withCache.model.graph.outputs.map(({ name }) => name)).toEqual([
      'logits',
      'present.0.key',
      'present.0.value',
      'present.1.key',
      'present.1.value',
    ]);
  });

  it('refuses a spec that makes no sense', () => {
    expect(() => decoderStudent({ ...SPEC, heads: 3 }, OPTIONS)).toThrow('heads (3) must divide width (32)');
    expect(() => decoderStudent({ ...SPEC, layers: 0 }, OPTIONS)).toThrow('whole numbers from 1');
  });
});

const feedsOf = (rows: number[][]) => {
  const { input_ids, attention_mask } = batchOf(rows);
  return { input_ids, attention_mask };
};

describe('withTokenLoss', () => {
  it('is the mean cross-entropy of the labelled tokens', async () => {
    const { model } = decoderStudent(SPEC, OPTIONS);
    const rows = [idsOf('the cat'), idsOf('mice')];
    const batch = batchOf(rows);
    const { logits, loss } = await run(withTokenLoss(model), batch);
    const [values, labels] = [logits.data as Float32Array, batch.labels.data as BigInt64Array];
    let [sum, count] = [0, 0];
    for (const [at, label] of labels.entries()) {
      if (label < 0n) continue;
      const row = values.subarray(at * ALPHABET.length, (at + 1) * ALPHABET.length);
      const normalizer = Math.log(row.reduce((total, z) => total + Math.exp(z), 0));
      sum += normalizer - row[Number(label)];
      count++;
    }
    expect(count).toBe(6 + 3);
    expect((loss.data as Float32Array)[0]).toBeCloseTo(sum / count, 5);
  });

  it('is 0 without labels, and refuses logits of a classifier', async () => {
    const { model } = decoderStudent(SPEC, OPTIONS);
    const none = await run(withTokenLoss(model), batchOf([[3]]));
    expect((none.loss.data as Float32Array)[0]).toBeCloseTo(0, 12);
    const classifier = {
      ...model,
      graph: { ...model.graph, outputs: [{ name: 'logits', type: 'float32' as const, shape: ['batch', 2] }] },
    };
    expect(() => withTokenLoss(classifier)).toThrow('[batch, tokens, vocabulary]');
  });
});
