import { DistillationSpec, RetortError } from '@retort/contracts';
import { TRAINING_DEFAULTS } from '@retort/learn';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { resolveSpec, storedSpec } from './resolve-spec.js';

function problemsOf(input: unknown) {
  try {
    resolveSpec(input);
  } catch (error) {
    expect(error).toBeInstanceOf(RetortError);
    return (error as RetortError).problems;
  }
  return [];
}

describe('storedSpec', () => {
  it('brings a spec of before optimizers and schedules could be chosen to the present form', () => {
    const old = {
      student: { family: 'static', minGram: 1, maxGram: 4, buckets: 1024, width: 8, hidden: 0, maxLength: 64 },
      loss: { lambda: 0.3, temperature: 3 },
      training: { epochs: 2, batchSize: 16, learningRate: 0.01, weightDecay: 0.02, warmup: 0.1, seed: 4 },
    };
    const read = storedSpec(old);
    expect(Value.Check(DistillationSpec, read)).toBe(true);
    expect(read).toMatchObject(old);
    expect(read.training).toMatchObject({ optimizer: 'adamw', schedule: 'cosine', averageDecay: 0, patience: 0 });
    expect(read.loss.labelSmoothing).toBe(0);
    expect(read).toEqual(resolveSpec(old));
  });

  it('is shown also where it is beyond the limits of today', () => {
    const { training } = storedSpec({ training: { epochs: 1e9 } });
    expect(training).toMatchObject({ epochs: 1e9, optimizer: 'adamw' });
  });
});

describe('resolveSpec', () => {
  it('fills everything that is left out', () => {
    expect(Value.Check(DistillationSpec, resolveSpec())).toBe(true);
    expect(resolveSpec({ loss: { lambda: 1 } })).toEqual({
      ...resolveSpec(),
      loss: { ...resolveSpec().loss, lambda: 1 },
    });
  });

  it('has the defaults of the training library', () => {
    expect(resolveSpec().training).toMatchObject(TRAINING_DEFAULTS);
    expect(resolveSpec().training).not.toHaveProperty('warmup'); // Its default depends on the schedule.
  });

  it('takes every setting of the training, within its range', () => {
    const training = {
      ...{ optimizer: 'sgd', momentum: 0.8, nesterov: true, schedule: 'one-cycle', warmup: 0.4, accumulate: 2 },
      ...{ averageDecay: 0.99, patience: 3, minDelta: 0.001, weightDecay: 0, clipNorm: 5 },
    };
    expect(resolveSpec({ training, loss: { labelSmoothing: 0.1 } })).toMatchObject({
      training,
      loss: { labelSmoothing: 0.1 },
    });
    const problems = problemsOf({
      training: { optimizer: 'adam', schedule: 'step', warmup: 1, averageDecay: 1, clipNorm: 0, patience: -1 },
      loss: { labelSmoothing: 1 },
    });
    for (const path of ['optimizer', 'schedule', 'warmup', 'averageDecay', 'clipNorm', 'patience']) {
      expect(problems.map((problem) => problem.path)).toContain(`/training/${path}`);
    }
    expect(problems.map(({ path }) => path)).toContain('/loss/labelSmoothing');
  });

  it('leaves the input as it was', () => {
    const input = Object.freeze({ training: Object.freeze({ epochs: 2 }) });
    expect(resolveSpec(input).training.epochs).toBe(2);
  });

  it('names every problem by its path', () => {
    const paths = problemsOf({
      student: { minGram: 0, family: 'oak' },
      loss: { lambda: 2, temprature: 1 },
      training: { epochs: 1.5, seed: '1' },
    }).map(({ path }) => path);
    for (const path of [
      '/student/minGram',
      '/student/family',
      '/loss/lambda',
      '/loss/temprature',
      '/training/epochs',
      '/training/seed',
    ]) {
      expect(paths).toContain(path);
    }
  });

  it('reports an unknown field once', () => {
    const message = 'is not a field of the spec';
    expect(problemsOf({ training: { epoch: 3 } })).toEqual([{ path: '/training/epoch', message }]);
  });

  it('checks fields against each other', () => {
    const needsTable = {
      path: '/student/unseenTokens',
      message: expect.stringContaining("needs a table of the teacher's tokens"),
    };
    expect(problemsOf({ student: { unseenTokens: 5 } })).toEqual([needsTable]);
    expect(problemsOf({ student: { tokens: 'teacher', tokenWidth: 0, unseenTokens: 5 } })).toEqual([needsTable]);
    expect(problemsOf({ student: { tokens: 'teacher', unseenTokens: 5 } })).toEqual([]);
    const assistants = [{ student: { tokens: 'teacher', unseenTokens: 5 } }];
    expect(problemsOf({ student: { tokens: 'teacher' }, progressive: { assistants } })).toEqual([
      { path: '/progressive/assistants/0/student/unseenTokens', message: expect.stringContaining('student alone') },
    ]);
    expect(problemsOf({ student: { minGram: 5, maxGram: 3 } })).toEqual([
      { path: '/student/minGram', message: 'must be at most maxGram (3), got 5' },
    ]);
  });

  it('fills an encoder student by its own sizes', () => {
    expect(resolveSpec({ student: { family: 'encoder', layers: 2, width: 128 } })).toMatchObject({
      student: {
        family: 'encoder',
        layers: 2,
        width: 128,
        heads: 4,
        intermediate: 512,
        maxLength: 128,
        dropout: 0.1,
        pooling: 'mean',
        hidden: 0,
      },
      training: { learningRate: 0.001 },
    });
    const { student, training } = resolveSpec({
      student: { family: 'encoder', width: 200, initFrom: { layers: [1, 3, 5] } },
      training: { learningRate: 0.01 },
    });
    // Heads of 32 would not divide 200; the next wider that do are of 40.
    expect(student).toMatchObject({ layers: 3, heads: 5, intermediate: 800 });
    expect(training.learningRate).toBe(0.01);
  });

  it.each([
    [{ heads: 3 }, '/student/heads', 'must divide width (256), got 3'],
    [{ layers: 25 }, '/student/layers', 'must be <= 24'],
    [{ width: 2048 }, '/student/width', 'must be <= 1024'],
    [
      { layers: 2, initFrom: { layers: [0, 2, 4] } },
      '/student/initFrom/layers',
      'as many layers as the student has (2), got 3',
    ],
    [{ layers: 24, width: 1024 }, '/student/width', 'the layers have 302 M weights, at most 100 M can be trained'],
    // 12 · (16·256 + 4·1024 + 4·8·512) numbers a token, 64·512 tokens.
    [{ maxLength: 512, layers: 12 }, '/student/maxLength', 'may need 36.0 GiB, at most 16.0 GiB are allowed'],
    [{ minGram: 2 }, '/student/minGram', 'is not a field of the spec'],
  ])('refuses an encoder student with %o', (student, path, message) => {
    const problems = problemsOf({ student: { family: 'encoder', ...student } }) ?? [];
    expect(problems.map((problem) => problem.path)).toContain(path);
    expect(problems.find((problem) => problem.path === path)?.message).toContain(message);
  });

  it('names the families where it does not know one', () => {
    expect(problemsOf({ student: { family: 'oak' } })).toEqual([
      { path: '/student/family', message: 'must be one of static, encoder, auto' },
    ]);
  });

  it('gives a valid spec or RT_INVALID_SPEC for any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, asEncoder) => {
        const fields = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { width: value };
        const input = asEncoder ? { student: { ...fields, family: 'encoder' } } : value;
        try {
          expect(Value.Check(DistillationSpec, resolveSpec(input))).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'RT_INVALID_SPEC' });
        }
      }),
    );
  });
});
