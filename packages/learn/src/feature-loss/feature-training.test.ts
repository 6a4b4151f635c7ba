import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EncoderShape } from '@retort/contracts';
import { floats } from '@retort/onnx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bitsOf, tinyTraining } from '../../../../test/support/tiny-training.ts';
import { encoderStudent } from '../students/encoder-student.js';
import { layerTaps } from '../students/student-taps.js';
import { withWeights } from '../trainable.js';
import { train } from '../training/train.js';
import type { TrainOptions } from '../training/train-options.js';
import type { FeatureTerm } from './feature-terms.js';
import { withoutProjections, withProjections } from './projections.js';

const spec: EncoderShape = {
  ...{ family: 'encoder', layers: 1, width: 8, heads: 2, intermediate: 8, maxLength: 9, dropout: 0.1 },
  pooling: 'mean',
  hidden: 0,
};
const WIDTH = 5;
const terms: FeatureTerm[] = [
  {
    ...{ kind: 'hidden', distance: 'mse', projection: 'features.0.projection', weight: 2 },
    student: { name: layerTaps(0).hidden, width: spec.width },
    teacher: { name: 'states', width: WIDTH },
  },
];

/** States that are a function of row and token, and so can be learned. */
const targets: TrainOptions['targets'] = {
  digest: 'states',
  of: async (rows, length = 9) => ({
    states: floats(
      [rows.length, length, WIDTH],
      Array.from(rows).flatMap((row) =>
        Array.from({ length: length * WIDTH }, (_, i) => Math.sin(row + (i % WIDTH) + Math.floor(i / WIDTH))),
      ),
    ),
  }),
};

describe('training with features', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'retort-features-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const draft = encoderStudent(spec, { vocabularySize: 40, classes: 3, seed: 1 });
  const options = (changes: Partial<TrainOptions> = {}) =>
    tinyTraining({
      ...withProjections(draft, terms, 1),
      ...{ features: terms, targets },
      ...changes,
      training: { epochs: 6, batchSize: 6, learningRate: 0.02, seed: 3, accumulate: 2, ...changes.training },
    });

  it('learns them, and leaves nothing of the projections in the student', async () => {
    const { weights, history } = await train(options());
    const losses = history.map(({ loss }) => loss);
    // The answers' part alone is at least 0: what the loss fell below is the features'.
    expect(losses.at(-1)).toBeLessThan(0.75 * losses[0]);
    expect(weights.get('features.0.projection')).toHaveLength(spec.width * WIDTH);
    const own = withoutProjections(weights, terms);
    expect([...own.keys()].sort()).toEqual([...draft.trainable].sort());
    const { graph } = withWeights(draft.model, own);
    expect(graph.outputs.map(({ name }) => name)).toEqual(['logits']);
    expect([...graph.initializers.keys()].filter((name) => name.startsWith('features'))).toEqual([]);
  });

  it('ends in the same bytes when it was stopped and resumed', async () => {
    const whole = bitsOf((await train(options())).weights);
    const checkpoint = { path: join(folder, 'a.checkpoint'), everySeconds: 0 };
    const controller = new AbortController();
    let runs = 0;
    const stopping: TrainOptions['targets'] = {
      ...targets,
      of: (rows, length) => {
        if (++runs === 13) controller.abort();
        return targets.of(rows, length);
      },
    };
    const stopped = train(options({ checkpoint, targets: stopping, signal: controller.signal }));
    await expect(stopped).rejects.toMatchObject({ code: 'RT_CANCELLED' });
    const others = train(options({ checkpoint, targets: { ...targets, digest: 'others' } }));
    await expect(others).rejects.toMatchObject({ code: 'RT_INVALID_CHECKPOINT' });
    expect(bitsOf((await train(options({ checkpoint }))).weights)).toBe(whole);
  });

  it.each([
    [{ targets: undefined }, 'features need targets'],
    [{ targets: { of: targets.of }, checkpoint: { path: 'x', everySeconds: 1 } }, 'needs the digest of the targets'],
  ])('is refused without what it needs: %o', async (changes, reason) => {
    await expect(train(options(changes))).rejects.toMatchObject({
      code: 'RT_INVALID_FIELD',
      message: expect.stringContaining(reason),
    });
  });

  it('starts a projection between equal widths as the identity', () => {
    const [term] = terms as [Extract<FeatureTerm, { projection: string }>];
    const equal: FeatureTerm = { ...term, teacher: { ...term.teacher, width: spec.width } };
    const { model } = withProjections(draft, [equal], 1);
    const { dims, data } = model.graph.initializers.get(equal.projection)!;
    expect(dims).toEqual([8, 8]);
    expect(Array.from(data, Number)).toEqual(Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1 : 0)));
  });
});
