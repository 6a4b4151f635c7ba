import type { EncoderShape, StaticShape } from '@retort/contracts';
import { describe, expect, it } from 'vitest';
import { bitsOf, taughtBy, tinyTraining } from '../../../../test/support/tiny-training.ts';
import { predict } from '../measure/predict.js';
import { encoderStudent } from '../students/encoder-student.js';
import { staticStudent } from '../students/static-student.js';
import { withWeights } from '../trainable.js';
import { train } from '../training/train.js';
import type { TrainOptions } from '../training/train-options.js';

const encoder: EncoderShape = {
  ...{ family: 'encoder', layers: 1, width: 12, heads: 2, intermediate: 12, maxLength: 9, dropout: 0 },
  pooling: 'mean',
  hidden: 0,
};
const bag: StaticShape = {
  ...{
    family: 'static',
    tokens: 'characters',
    tokenWidth: 0,
    width: 8,
    hidden: 8,
    buckets: 500,
    minGram: 1,
    maxGram: 2,
    maxLength: 9,
  },
};
const sizes = { vocabularySize: 40, classes: 3, seed: 1 };

const mixing = (mixup: number | undefined, changes: Partial<TrainOptions> = {}): TrainOptions =>
  tinyTraining({
    ...changes,
    training: { epochs: 4, batchSize: 6, learningRate: 0.05, seed: 3, mixup, ...changes.training },
  });

describe('training with mixup', () => {
  it.each([
    ['a static student', staticStudent(bag, sizes)],
    ['an encoder', encoderStudent(encoder, sizes)],
    ['an encoder that pools the first token', encoderStudent({ ...encoder, pooling: 'cls' }, sizes)],
  ])('teaches %s', async (_, student) => {
    const training = { epochs: 30, batchSize: 10, learningRate: 0.02, seed: 3 };
    const options = mixing(0.4, { ...student, validate: undefined, training });
    const { weights } = await train(options);
    const logits = await predict(withWeights(student.model, weights), options);
    const right = options.labels.filter(
      (label, i) => logits[3 * i + label] === Math.max(...logits.subarray(3 * i, 3 * i + 3)),
    );
    expect(right.length).toBeGreaterThanOrEqual(27);
  });

  it('goes with a teacher, a loss that changes, weights of the rows, easy rows first and rows without a label', async () => {
    const base = tinyTraining();
    const labels = base.labels.map((label, i) => (i % 3 === 0 ? -1 : label));
    const { weights, history } = await train(mixing(1, { ...taughtBy(base), labels }));
    expect(history.every(({ loss }) => loss > 0)).toBe(true);
    expect([...weights.values()].every((values) => values.every(Number.isFinite))).toBe(true);
  });

  it('of 0 is none, and any other makes other weights', async () => {
    const bits = async (mixup?: number) => bitsOf((await train(mixing(mixup))).weights);
    const none = await bits();
    expect(await bits(0)).toBe(none);
    const mixed = await bits(0.4);
    expect(mixed).not.toBe(none);
    expect(await bits(0.4)).toBe(mixed);
    expect(await bits(0.5)).not.toBe(mixed);
  });

  it('is refused where there is nothing to mix a row with', async () => {
    const single = mixing(0.4, { training: { epochs: 1, batchSize: 1, learningRate: 0.1, seed: 1 } });
    await expect(train(single)).rejects.toMatchObject({
      code: 'RT_INVALID_FIELD',
      message: 'training.mixup mixes the rows of a batch: training.batchSize must be at least 2, not 1.',
    });
    const heads = [{ name: 'only', offset: 0, classes: 3 }];
    await expect(train(mixing(0.4, { heads }))).rejects.toThrow('training.mixup would mix rows of different tasks');
    await expect(train(mixing(-1))).rejects.toThrow('training.mixup must be at least 0, not -1');
  });
});
