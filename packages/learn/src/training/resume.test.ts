import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RetortError } from '@retort/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bitsOf, taughtBy, tinyTraining } from '../../../../test/support/tiny-training.ts';
import type { CheckpointOptions } from '../checkpoint/checkpoint-options.js';
import { train } from './train.js';
import type { TrainOptions } from './train-options.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-resume-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;
const newPath = () => join(folder, `training-${files++}.checkpoint`);

/** Runs a training that ends in the middle: at the given run of the graph an abort comes, or the process "dies". */
async function interrupted(options: TrainOptions, run: number, how: 'abort' | 'crash'): Promise<unknown> {
  const controller = new AbortController();
  let runs = 0;
  const inputs: TrainOptions['inputs'] = (rows, length) => {
    if (++runs === run && how === 'crash') throw new Error('crash');
    if (runs === run) controller.abort();
    return options.inputs(rows, length);
  };
  try {
    return await train({ ...options, inputs, signal: controller.signal });
  } catch (error) {
    expect(error).toMatchObject(how === 'abort' ? { code: 'RT_CANCELLED' } : { message: 'crash' });
    return undefined;
  }
}

const withoutTimes = (history: { seconds: number }[]) => history.map((record) => ({ ...record, seconds: 0 }));

const setting = fc.record({
  optimizer: fc.constantFrom('adamw' as const, 'sgd' as const),
  nesterov: fc.boolean(),
  schedule: fc.constantFrom('constant' as const, 'linear' as const, 'cosine' as const, 'one-cycle' as const),
  averageDecay: fc.constantFrom(0, 0.9),
  mixup: fc.constantFrom(0, 0.4),
  accumulate: fc.integer({ min: 1, max: 3 }),
});

describe('a training that was stopped and resumed', () => {
  it('ends in the bytes of one that was not, wherever and however it was stopped', async () => {
    const stop = fc.record({
      run: fc.integer({ min: 1, max: 21 }),
      how: fc.constantFrom('abort' as const, 'crash' as const),
    });
    await fc.assert(
      fc.asyncProperty(
        setting,
        fc.constantFrom(0, 0.3),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 4 }),
        fc.array(stop, { minLength: 1, maxLength: 2 }),
        async (training, dropout, validated, taught, everySteps, stops) => {
          const base = tinyTraining({}, dropout);
          const validate = validated ? base.validate : undefined;
          const given = { ...base, ...(taught && taughtBy(base)), validate };
          const options = { ...given, training: { ...base.training, ...training } };
          const whole = await train(options);
          const checkpoint = { path: newPath(), everySteps };
          for (const { run, how } of stops) await interrupted({ ...options, checkpoint }, run, how);
          const resumed = await train({ ...options, checkpoint });
          expect(bitsOf(resumed.weights)).toBe(bitsOf(whole.weights));
          expect(withoutTimes(resumed.history)).toEqual(withoutTimes(whole.history));
          expect(resumed.bestEpoch).toBe(whole.bestEpoch);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('goes on from the very step it was aborted at, and from the end when it had ended', async () => {
    const steps: number[] = [];
    const checkpoint = { path: newPath(), onResume: ({ step }: { step: number }) => steps.push(step) };
    const options = tinyTraining({ checkpoint });
    await interrupted(options, 8, 'abort');
    const first = await train(options);
    const second = await train({ ...options, inputs: () => expect.fail('Nothing is left to be run.') });
    expect(steps).toEqual([8, 20]);
    expect(bitsOf(second.weights)).toBe(bitsOf(first.weights));
  });

  it('survives being killed in the middle, also while it writes a checkpoint', async () => {
    const path = newPath();
    const program = fileURLToPath(new URL('../../../../test/support/resumable-training.ts', import.meta.url));
    /** Starts the process and kills it at the given run; without one it may end. @returns what it told */
    const start = async (killAt = Number.POSITIVE_INFINITY) => {
      const child = fork(program, [path], { execArgv: ['--conditions=retort-source', '--import', 'tsx'] });
      const told = { runs: 0, resumed: 0, bits: '' };
      child.on('message', (message: { type: string; step?: number; bits?: string }) => {
        if (message.type === 'resumed') told.resumed = message.step ?? 0;
        if (message.type === 'done') told.bits = message.bits ?? '';
        if (message.type === 'run' && ++told.runs === killAt) child.kill('SIGKILL');
      });
      const [, signal] = await once(child, 'exit');
      expect(signal).toBe(killAt === Number.POSITIVE_INFINITY ? null : 'SIGKILL');
      return told;
    };
    await start(20);
    const again = await start(33);
    expect(again.resumed).toBeGreaterThan(0);
    const last = await start();
    expect(last.resumed).toBeGreaterThan(again.resumed);
    const options = tinyTraining({
      training: { epochs: 12, batchSize: 6, learningRate: 0.05, seed: 3, averageDecay: 0.9 },
    });
    expect(last.bits).toBe(bitsOf((await train(options)).weights));
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  }, 120_000);
});

describe('a checkpoint that cannot be used', () => {
  const resumedFrom = async (path: string, changes: Partial<TrainOptions> = {}) =>
    train(tinyTraining({ ...changes, checkpoint: { path } }));
  const made = async () => {
    const path = newPath();
    await interrupted(tinyTraining({ checkpoint: { path } }), 7, 'abort');
    return path;
  };

  it('is refused when it is of another training, naming what differs', async () => {
    const path = await made();
    const before = await readFile(path);
    const training = { ...tinyTraining().training, learningRate: 0.01, averageDecay: 0.5, mixup: 0.4 };
    await expect(resumedFrom(path, { training, labels: new Int32Array(30) })).rejects.toMatchObject({
      code: 'RT_INVALID_CHECKPOINT',
      message: expect.stringMatching(
        /belongs to another training: training.learningRate is 0.05 there and 0.01 here; training.averageDecay is 0 there and 0.5 here; training.mixup is 0 there and 0.4 here; the training examples differ\.$/,
      ),
    });
    const digest = 'of other texts';
    await expect(resumedFrom(path, { digest })).rejects.toThrow(/another training: the training examples differ\.$/);
    const validate = { ...tinyTraining().validate!, digest };
    await expect(resumedFrom(path, { validate })).rejects.toThrow(
      /another training: the validation examples differ\.$/,
    );
    await expect(resumedFrom(path, { threads: 2 })).rejects.toThrow('another training: threads is 1 there and 2 here.');
    const { model, trainable } = tinyTraining({}, 0.5);
    await expect(resumedFrom(path, { model, trainable })).rejects.toThrow(/another training: the model differ/);
    expect(await readFile(path)).toEqual(before);
  });

  it('is refused when loss, weights of the rows or curriculum are others', async () => {
    const path = newPath();
    const taught = taughtBy(tinyTraining());
    await interrupted(tinyTraining({ ...taught, checkpoint: { path } }), 7, 'abort');
    const { schedule, ...loss } = taught.loss!;
    const refused = (changes: Partial<TrainOptions>, difference: string) =>
      expect(resumedFrom(path, { ...taught, ...changes })).rejects.toThrow(`another training: ${difference}.`);
    await refused(
      { loss: { ...loss, schedule, dkd: { beta: 3 } } },
      'loss.dkd is {"beta":2} there and {"beta":3} here',
    );
    await refused({ loss }, `loss.schedule is ${JSON.stringify(schedule)} there and unset here`);
    await refused(
      { loss: { ...loss, schedule, divergence: 'forward-kl' } },
      'loss.divergence is dkd there and forward-kl here',
    );
    await refused({ weights: taught.weights!.map((weight) => weight + 1) }, 'the training examples differ');
    const { curriculum } = taught;
    await refused({ curriculum: { ...curriculum!, until: 0.9 } }, 'curriculum.until is 0.6 there and 0.9 here');
    const difficulty = curriculum!.difficulty.toReversed();
    await refused({ curriculum: { ...curriculum!, difficulty } }, 'curriculum.difficulty differ');
  });

  it('is refused when any byte of it is wrong or missing, and left as it is', async () => {
    const path = await made();
    const whole = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, x, cut) => {
        const damaged = Buffer.from(whole);
        damaged[at]! ^= x;
        await writeFile(path, damaged);
        if (cut) await truncate(path, at);
        const size = cut ? at : whole.length;
        await expect(resumedFrom(path)).rejects.toMatchObject({ code: 'RT_INVALID_CHECKPOINT' });
        expect((await stat(path)).size).toBe(size);
      }),
      { numRuns: 40 },
    );
  });

  it('is replaced by a new start where the caller allows it, and ignored where it does not want to resume', async () => {
    const path = await made();
    await truncate(path, 1000);
    const refusals: string[] = [];
    const onRefused = ({ message }: Error) => refusals.push(message);
    const restarted = await train(tinyTraining({ checkpoint: { path, onRefused } }));
    expect(refusals).toEqual([expect.stringContaining('truncated')]);
    expect(bitsOf(restarted.weights)).toBe(bitsOf((await train(tinyTraining())).weights));

    const onResume = () => expect.fail('It was not to be resumed.');
    await train(tinyTraining({ checkpoint: { path, resume: false, onResume } }));
  });

  it('is refused for examples that have no digest', async () => {
    const path = newPath();
    await expect(resumedFrom(path, { digest: undefined })).rejects.toMatchObject({
      code: 'RT_INVALID_FIELD',
      message: expect.stringContaining('digest of the training examples'),
    });
    const validate = { ...tinyTraining().validate!, digest: undefined };
    await expect(resumedFrom(path, { validate })).rejects.toThrow('digest of the validation examples');
  });

  it('is left alone where it is of another training, until one that may start anew has a checkpoint of its own', async () => {
    const path = await made();
    const before = await readFile(path);
    const training = { ...tinyTraining().training, seed: 4 };
    await expect(resumedFrom(path, { training })).rejects.toThrow('training.seed is 3 there and 4 here');
    expect(await readFile(path)).toEqual(before);
    const checkpoint = { path, onRefused: () => undefined };
    await interrupted(tinyTraining({ training, checkpoint }), 1, 'crash');
    expect(await readFile(path)).toEqual(before);
    await train(tinyTraining({ training, checkpoint }));
    expect(await readFile(path)).not.toEqual(before);
  });

  it.each([
    ['settings', '{"epochs": 3}'],
    ['a long text', 'no checkpoint at all, '.repeat(50)],
    ['nothing', ''],
  ])('is never replaced where the file holds %s', async (_, content) => {
    const path = newPath();
    await writeFile(path, content);
    const onRefused = () => expect.fail('It was not to be replaced.');
    for (const resume of [true, false]) {
      await expect(train(tinyTraining({ checkpoint: { path, resume, onRefused } }))).rejects.toMatchObject({
        code: 'RT_INVALID_CHECKPOINT',
        message: expect.stringContaining('holds no checkpoint'),
      });
    }
    expect(await readFile(path, 'utf8')).toBe(content);
    const folderAsPath = { path: folder, onRefused };
    await expect(train(tinyTraining({ checkpoint: folderAsPath }))).rejects.toMatchObject({
      code: 'RT_INVALID_CHECKPOINT',
    });
  });

  it('takes only its own temporary files along', async () => {
    const path = newPath();
    const own = `${path}.0123abcd.tmp`;
    const foreign = [`${path}.backup.tmp`, `${path}.0123abcd.tmp.tmp`, `${path}x.0123abcd.tmp`, `${path}.0123ABCD.tmp`];
    for (const name of [own, ...foreign]) await writeFile(name, 'left');
    await train(tinyTraining({ checkpoint: { path } }));
    await expect(stat(own)).rejects.toMatchObject({ code: 'ENOENT' });
    for (const name of foreign) {
      expect(await readFile(name, 'utf8')).toBe('left');
      await rm(name);
    }
  });

  it('says at the start that it cannot be written', async () => {
    const path = join(folder, 'no-such-folder', 'training.checkpoint');
    const inputs = () => expect.fail('Nothing was to be trained.');
    await expect(train(tinyTraining({ inputs, checkpoint: { path } }))).rejects.toMatchObject({
      code: 'RT_UNAVAILABLE',
      message: expect.stringContaining(path),
    });
    await expect(train(tinyTraining({ checkpoint: { path, everySteps: 0 } }))).rejects.toThrow('checkpoint.everySteps');
  });

  it('ends a training that goes on, when it cannot be written, unless the caller hears of it; never one that has ended', async () => {
    const whole = bitsOf((await train(tinyTraining())).weights);
    /** Trains in a folder that is gone from the given run of the graph on. */
    const without = async (run: number, checkpoint: Partial<CheckpointOptions>) => {
      const gone = join(folder, `gone-${files++}`);
      await mkdir(gone);
      const options = tinyTraining({ checkpoint: { path: join(gone, 'training.checkpoint'), ...checkpoint } });
      let runs = 0;
      const inputs: TrainOptions['inputs'] = (rows, length) => {
        if (++runs === run) rmSync(gone, { recursive: true });
        return options.inputs(rows, length);
      };
      return bitsOf((await train({ ...options, inputs })).weights);
    };
    await expect(without(3, { everySteps: 4 })).rejects.toMatchObject({ code: 'RT_UNAVAILABLE' });
    expect(await without(20, { everySteps: 4 })).toBe(whole);
    const failures: string[] = [];
    const onSaveFailed = ({ code }: RetortError) => failures.push(code);
    expect(await without(3, { everySteps: 4, onSaveFailed })).toBe(whole);
    // After steps 4, 8, 12, 16 and 20, and at the end.
    expect(failures).toEqual(Array.from({ length: 6 }, () => 'RT_UNAVAILABLE'));
  });
});
