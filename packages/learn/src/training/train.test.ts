import { setTimeout as sleep } from 'node:timers/promises';
import { floats } from '@retort/onnx';
import { describe, expect, it } from 'vitest';
import { predict } from '../measure/predict.js';
import { Random } from '../random.js';
import { mlpHead } from '../students/mlp-head.js';
import { withWeights } from '../trainable.js';
import { drawBatches } from './batches.js';
import { train } from './train.js';
import type { TrainOptions } from './train-options.js';

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
  it('validates all rows, no more at once than a step takes', async () => {
    const { inputs, ...rest } = corners(100, 2);
    const seen: number[] = [];
    const counting = (rows: Int32Array) => {
      seen.push(rows.length);
      return inputs(rows);
    };
    const training = { epochs: 1, batchSize: 16, learningRate: 0.02, seed: 1 };
    await train(options({ training, validate: { ...rest, inputs: counting } }));
    expect(seen).toEqual([16, 16, 16, 16, 16, 16, 4]);
  });

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

  it('learns the same from batches whose gradients are accumulated as from whole ones', async () => {
    const whole = await train(options({ training: { ...options().training, batchSize: 32 } }));
    // 200 rows are 25 batches of 8: each epoch ends in a step over one alone.
    const parts = await train(options({ training: { ...options().training, batchSize: 8, accumulate: 4 } }));
    expect(parts.history).toHaveLength(whole.history.length);
    for (const [i, { loss }] of parts.history.entries()) expect(loss).toBeCloseTo(whole.history[i]!.loss, 5);
    for (const [name, values] of parts.weights) {
      const expected = whole.weights.get(name)!;
      for (const [i, value] of values.entries()) expect(value, `${name}[${i}]`).toBeCloseTo(expected[i]!, 4);
    }
  });

  it('lets rows count by their weights, whatever the scale of these, and no row of weight 0', async () => {
    const weights = Float32Array.from({ length: 200 }, (_, row) => row % 4);
    const given = options({ weights });
    const trained = await train(given);
    const scaled = await train({ ...given, weights: weights.map((weight) => 4 * weight) });
    expect(bytesOf(scaled.weights)).toEqual(bytesOf(trained.weights));
    // Wrong labels, but only where the weight is 0.
    const labels = given.labels.map((label, row) => (row % 4 === 0 ? (label + 1) % 3 : label));
    expect(bytesOf((await train({ ...given, labels })).weights)).toEqual(bytesOf(trained.weights));
    expect(bytesOf((await train(options())).weights)).not.toEqual(bytesOf(trained.weights));
    const wrong: [Float32Array, string][] = [
      [new Float32Array(3), 'weights has 3 entries for 200 training examples'],
      [new Float32Array(200).fill(-1), 'weights[0] is -1'],
      [new Float32Array(200), 'weights are 0 for all examples'],
    ];
    for (const [values, message] of wrong) await expect(train(options({ weights: values }))).rejects.toThrow(message);
  });

  it('takes temperature and lambda of each step from the schedule', async () => {
    const teacherLogits = Float32Array.from({ length: 600 }, (_, i) => 2 * Math.sin(i));
    const given = options({ teacherLogits, loss: { lambda: 0.3, temperature: 2 } });
    const staged = (stages: { until: number; temperature?: number; lambda?: number }[]) =>
      train({ ...given, loss: { ...given.loss, schedule: { interpolation: 'step', stages } } });
    const constant = await train(given);
    const [same, other] = [
      await staged([{ until: 0.5 }, { until: 1 }]),
      await staged([{ until: 0.5 }, { until: 1, lambda: 1 }]),
    ];
    for (const [i, { loss }] of same.history.entries()) expect(loss).toBeCloseTo(constant.history[i]!.loss, 4);
    // The first three of six epochs are the same; then come other losses.
    for (const [i, { loss }] of other.history.entries()) {
      if (i < 3) expect(loss).toBe(same.history[i]!.loss);
      else expect(Math.abs(loss - same.history[i]!.loss)).toBeGreaterThan(0.01);
    }
    await expect(staged([{ until: 0.5 }])).rejects.toThrow('the last ends at 1');
  });

  it('gives single weights a learning rate of their own', async () => {
    const given = options({ training: { ...options().training, epochs: 1, weightDecay: 0 } });
    const start = given.model.graph.initializers;
    const all = await train(given);
    const frozen = await train({ ...given, rates: new Map([['head.hidden.weight', 0]]) });
    expect(frozen.weights.get('head.hidden.weight')).toEqual(start.get('head.hidden.weight')!.data);
    expect(frozen.weights.get('head.output.weight')).not.toEqual(start.get('head.output.weight')!.data);
    // A factor on all of them is one on the learning rate.
    const halved = await train({ ...given, rates: new Map(given.trainable.map((name) => [name, 0.5])) });
    const slower = await train({ ...given, training: { ...given.training, learningRate: 0.01 } });
    expect(bytesOf(halved.weights)).toEqual(bytesOf(slower.weights));
    expect(bytesOf(halved.weights)).not.toEqual(bytesOf(all.weights));
    await expect(train({ ...given, rates: new Map([['head.hidden', 0]]) })).rejects.toThrow(
      'rates names "head.hidden"',
    );
    await expect(train({ ...given, rates: new Map([['head.hidden.bias', -1]]) })).rejects.toThrow('at least 0');
  });

  it('stops early when validation brings nothing better, and gives the best weights', async () => {
    const training = { ...options().training, epochs: 60, patience: 3, minDelta: 0.01 };
    const steps: number[] = [];
    const onProgress = ({ step }: { step: number }) => steps.push(step);
    const { history, bestEpoch } = await train(options({ training, validate: corners(100, 2), onProgress }));
    expect(history.length).toBeLessThan(60);
    expect(steps.at(-1)).toBe(history.length * Math.ceil(200 / 16));
    const values = history.map(({ validation }) => validation!.value);
    expect(Math.max(...values.slice(-3))).toBeLessThanOrEqual(Math.max(...values.slice(0, -3)) + 0.01);
    expect(values[bestEpoch - 1]).toBe(Math.max(...values));
    await expect(train(options({ training }))).rejects.toThrow('training.patience needs validation examples');
  });

  it('validates and gives back the averaged weights where it is asked for them', async () => {
    const validate = corners(100, 2);
    const given = options({ validate, training: { ...options().training, averageDecay: 0.95 } });
    const { weights, history, bestEpoch } = await train(given);
    const logits = await predict(withWeights(given.model, weights), validate);
    const right = validate.labels.filter(
      (label, i) => logits[3 * i + label] === Math.max(...logits.subarray(3 * i, 3 * i + 3)),
    );
    expect(right.length / 100).toBe(history[bestEpoch - 1]!.validation!.value);
    expect(bytesOf(weights)).not.toEqual(bytesOf((await train(options({ validate }))).weights));
  });

  it('tells the inputs how far to pad, in few different lengths that the longest row bounds', async () => {
    const lengths = Int32Array.from({ length: 200 }, (_, i) => 1 + ((i * 37) % 45));
    const asked = new Set<number>();
    const base = options();
    const inputs = (rows: Int32Array, length = 0) => {
      expect(length).toBeGreaterThanOrEqual(Math.max(...[...rows].map((row) => lengths[row]!)));
      asked.add(length);
      return base.inputs(rows);
    };
    await train({ ...base, lengths, inputs, training: { ...base.training, batchSize: 4, epochs: 2 } });
    expect([...asked].sort((a, b) => a - b)).toEqual([8, 16, 24, 32, 40, 45]);
  });

  it('refuses settings that are out of their range, naming them', async () => {
    const wrong: [Partial<TrainOptions['training']>, string][] = [
      [{ epochs: 0 }, 'training.epochs must be an integer of at least 1, not 0'],
      [{ accumulate: 1.5 }, 'training.accumulate must be'],
      [{ learningRate: Number.NaN }, 'training.learningRate must be above 0'],
      [{ momentum: 1 }, 'training.momentum must be'],
      [{ warmup: 1 }, 'training.warmup must be'],
      [{ averageDecay: -0.1 }, 'training.averageDecay must be'],
      [{ clipNorm: 0 }, 'training.clipNorm must be'],
      [{ seed: 2 ** 32 }, 'training.seed must be'],
    ];
    for (const [changes, message] of wrong) {
      await expect(train(options({ training: { ...options().training, ...changes } }))).rejects.toMatchObject({
        code: 'RT_INVALID_FIELD',
        message: expect.stringContaining(message),
      });
    }
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
    const all = Int32Array.from({ length: 1000 }, (_, i) => i);
    const lengths = Int32Array.from(all, (i) => (i * 7919) % 50);
    const batches = drawBatches(new Random(1), all, 32, lengths);
    expect(Int32Array.from(batches.flatMap((batch) => [...batch])).sort()).toEqual(all);
    const padding = (drawn: Int32Array[]) =>
      drawn.reduce((sum, batch) => sum + batch.length * Math.max(...[...batch].map((row) => lengths[row])), 0);
    expect(padding(batches)).toBeLessThan(0.7 * padding(drawBatches(new Random(1), all, 32)));
    expect(batches).not.toEqual(drawBatches(new Random(2), all, 32, lengths));
  });
});
