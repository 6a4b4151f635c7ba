import { setTimeout as sleep } from 'node:timers/promises';
import { floats } from '@retort/onnx';
import { describe, expect, it } from 'vitest';
import { drawBatches } from './batches.js';
import { mlpHead } from './mlp-head.js';
import { predict } from './predict.js';
import { Random } from './random.js';
import { train } from './train.js';
import type { TrainOptions } from './train-options.js';
import { withWeights } from './trainable.js';

const WIDTH = 6;

/** Points around three corners, labelled by corner. */
function corners(count: number, seed: number) {
  const random = new Random(seed);
  const labels = Int32Array.from({ length: count }, () => random.below(3));
  const features = Float32Array.from(
    { length: count * WIDTH },
    (_, i) => (i % WIDTH === labels[Math.floor(i / WIDTH)] ? 2 : 0) + random.normal(),
  );
  const inputs = (rows: Int32Array) => ({
    features: floats(
      [rows.length, WIDTH],
      [...rows].flatMap((row) => [...features.subarray(row * WIDTH, (row + 1) * WIDTH)]),
    ),
  });
  return { count, inputs, labels };
}

function options(changes: Partial<TrainOptions> = {}): TrainOptions {
  return {
    ...mlpHead({ inputWidth: WIDTH, hidden: 8, classes: 3, seed: 1 }),
    ...corners(200, 1),
    loss: { lambda: 1, temperature: 1 },
    training: { epochs: 6, batchSize: 16, learningRate: 0.02, seed: 1 },
    ...changes,
  };
}

const bytesOf = (weights: Map<string, Float32Array>) =>
  [...weights].map(([name, values]) => [name, Buffer.from(values.buffer).toString('hex')]);

describe('train', () => {
  it('learns, and reports how', async () => {
    const steps: number[] = [];
    const validate = corners(100, 2);
    const given = options({ validate, onProgress: ({ step }) => steps.push(step) });
    const { history, bestEpoch, weights } = await train(given);
    expect(history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(history[5].loss).toBeLessThan(0.8 * history[0].loss);
    expect(steps.at(-1)).toBe(6 * Math.ceil(200 / 16));

    const best = history[bestEpoch - 1].validation;
    expect(best?.metric).toBe('accuracy');
    expect(best?.value).toBe(Math.max(...history.map(({ validation }) => validation?.value ?? 0)));
    // The weights given back are those of the best epoch.
    const logits = await predict(withWeights(given.model, weights), validate, { batchSize: 33 });
    const right = validate.labels.filter(
      (label, i) => logits[3 * i + label] === Math.max(...logits.subarray(3 * i, 3 * i + 3)),
    );
    expect(right.length / 100).toBe(best?.value);
  });

  it('gives the same bytes for the same seed, and others for another', async () => {
    const [first, second] = [await train(options()), await train(options())];
    expect(bytesOf(first.weights)).toEqual(bytesOf(second.weights));
    const other = await train(options({ training: { ...options().training, seed: 2 } }));
    expect(bytesOf(other.weights)).not.toEqual(bytesOf(first.weights));
  });

  it('learns a teacher from rows without labels, and picks the epoch that agrees with it most', async () => {
    const unlabelled = { ...corners(200, 1), labels: new Int32Array(200).fill(-1) };
    const teach = ({ labels }: { labels: Int32Array }) =>
      Float32Array.from({ length: 600 }, (_, i) => (i % 3 === labels[Math.floor(i / 3)] ? 3 : 0));
    const teacherLogits = teach(corners(200, 1));
    const validate = { ...unlabelled, teacherLogits };
    const { history, bestEpoch } = await train(
      options({ ...unlabelled, teacherLogits, validate, loss: { lambda: 0.5, temperature: 2 } }),
    );
    expect(history[bestEpoch - 1].validation).toMatchObject({ metric: 'agreement' });
    expect(history[bestEpoch - 1].validation?.value).toBeGreaterThan(0.8);
  });

  it('leaves the event loop room for timers and for an abort', async () => {
    const controller = new AbortController();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const training = { ...options().training, epochs: 1000 };
    const running = train(options({ training, signal: controller.signal }));
    const outcome = running.then(
      () => undefined,
      (error: unknown) => error,
    );
    await sleep(250);
    controller.abort();
    expect(await outcome).toMatchObject({ code: 'RT_CANCELLED' });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
  });

  it('says when and how fast it diverged', async () => {
    const { inputs } = corners(200, 1);
    // One row holds a number that is none.
    const spoiled = (rows: Int32Array) => {
      const { features } = inputs(rows);
      if (rows.includes(60)) (features.data as Float32Array)[rows.indexOf(60) * WIDTH] = Number.NaN;
      return { features };
    };
    await expect(train(options({ inputs: spoiled }))).rejects.toMatchObject({
      code: 'RT_TRAINING_DIVERGED',
      message: expect.stringMatching(/^At step \d+ of 78 \(learning rate 0\.0\d+\) the loss was NaN/),
    });
  });

  it('refuses examples whose sizes do not fit', async () => {
    const wrong = { labels: new Int32Array(3) };
    await expect(train(options(wrong))).rejects.toThrow('labels has 3 entries for 200 training examples');
    await expect(train(options({ labels: new Int32Array(200).fill(3) }))).rejects.toThrow(
      'labels[0] of the training examples is 3',
    );
    await expect(train(options({ teacherLogits: new Float32Array(5) }))).rejects.toThrow('teacherLogits has 5 values');
  });
});

describe('drawBatches', () => {
  it('deals every row once, and rows of like length together', () => {
    const lengths = Int32Array.from({ length: 1000 }, (_, i) => (i * 7919) % 50);
    const batches = drawBatches(new Random(1), 1000, 32, lengths);
    expect(Int32Array.from(batches.flatMap((batch) => [...batch])).sort()).toEqual(
      Int32Array.from({ length: 1000 }, (_, i) => i),
    );
    const padding = (drawn: Int32Array[]) =>
      drawn.reduce((sum, batch) => sum + batch.length * Math.max(...[...batch].map((row) => lengths[row])), 0);
    expect(padding(batches)).toBeLessThan(0.7 * padding(drawBatches(new Random(1), 1000, 32)));
    expect(batches).not.toEqual(drawBatches(new Random(2), 1000, 32, lengths));
  });
});
