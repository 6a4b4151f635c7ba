import { DistillationSpec, RetortError } from '@retort/contracts';
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
