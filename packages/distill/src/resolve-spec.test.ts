import { DistillationSpec, RetortError } from '@retort/contracts';
import { TRAINING_DEFAULTS } from '@retort/learn';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { resolveSpec } from './resolve-spec.js';

function problemsOf(input: unknown) {
  try {
    resolveSpec(input);
  } catch (error) {
    expect(error).toBeInstanceOf(RetortError);
    return (error as RetortError).problems;
  }
  return [];
}

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
    expect(problemsOf({ student: { minGram: 5, maxGram: 3 } })).toEqual([
      { path: '/student/minGram', message: 'must be at most maxGram (3), got 5' },
    ]);
  });

  it('gives a valid spec or RT_INVALID_SPEC for any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (input) => {
        try {
          expect(Value.Check(DistillationSpec, resolveSpec(input))).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'RT_INVALID_SPEC' });
        }
      }),
    );
  });
});
