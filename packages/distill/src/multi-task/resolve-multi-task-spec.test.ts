import { MultiTaskSpec, type RetortError } from '@retort/contracts';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { resolveSpec } from '../spec/resolve-spec.js';
import { gateOf } from './gate.js';
import { resolveMultiTaskSpec } from './resolve-multi-task-spec.js';

const TASKS = ['intent', 'tone'];
function problemsOf(input: unknown) {
  try {
    resolveMultiTaskSpec(input, TASKS);
  } catch (error) {
    return (error as RetortError).problems;
  }
  return [];
}

describe('the spec of several tasks', () => {
  it('is filled as that of one, and with every row once', () => {
    const { student, loss, training } = resolveSpec();
    expect(resolveMultiTaskSpec(undefined, TASKS)).toEqual({
      ...{ student, loss, training },
      multiTask: { sampling: 1, tasks: {} },
    });
    const spec = resolveMultiTaskSpec(
      { student: { family: 'encoder' }, multiTask: { tasks: { tone: { minAccuracy: 0.9 } } } },
      TASKS,
    );
    expect(spec.training.learningRate).toBe(0.001);
    expect(spec.multiTask.tasks).toEqual({ tone: { minAccuracy: 0.9 } });
    const { compression } = resolveMultiTaskSpec({ compression: {} }, TASKS);
    expect(compression).toEqual(resolveSpec({ compression: {} }).compression);
    expect(resolveMultiTaskSpec({ compression: { steps: [] } }, TASKS)).not.toHaveProperty('compression');
  });

  it.each(['softLabels', 'curriculum', 'features', 'transferSet', 'ensemble', 'progressive', 'outOfScope', 'sweep'])(
    'refuses the section %s, which goes with one task alone',
    (section) => {
      const message = 'does not go with several tasks: leave it out';
      expect(problemsOf({ [section]: {} })).toEqual([{ path: `/${section}`, message }]);
    },
  );

  it.each([
    [{ student: { width: 1 } }, '/student/width', 'must be >= 8'],
    [{ student: 'auto' }, '/student', 'is "auto", which does not go with several tasks'],
    [{ student: { family: 'auto', budget: { bytes: 1e6 } } }, '/student', 'name a family'],
    [{ multiTask: { sampling: 2 } }, '/multiTask/sampling', 'must be <= 1'],
    [{ multiTask: { samplign: 1 } }, '/multiTask/samplign', 'is not a field of the spec'],
    [{ multiTask: { tasks: { mood: {} } } }, '/multiTask/tasks/mood', 'is none of the tasks intent, tone'],
    [{ multiTask: { tasks: { tone: { weight: 0 } } } }, '/multiTask/tasks/tone/weight', 'must be >= 0.01'],
    [{ multiTask: { tasks: { tone: { minAccuracy: 90 } } } }, '/multiTask/tasks/tone/minAccuracy', 'must be <= 1'],
    [{ compression: { steps: [{ kind: 'prune-hidden' }] } }, '/compression/steps/0/kind', 'only "quantize" does'],
    [{ compression: { allowance: { accuracy: 2 } } }, '/compression/allowance/accuracy', 'must be <= 1'],
    [7, '/', 'must be object'],
  ])('refuses %o', (input, path, message) => {
    expect(problemsOf(input)).toContainEqual({ path, message: expect.stringContaining(message) });
  });

  it('is valid or RT_INVALID_SPEC for any JSON value', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record({ multiTask: fc.jsonValue() })), (input) => {
        try {
          expect(Value.Check(MultiTaskSpec, resolveMultiTaskSpec(input, TASKS))).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'RT_INVALID_SPEC' });
        }
      }),
    );
  });
});

describe('gateOf', () => {
  const measured = { accuracy: 0.8, agreement: 0.9 };
  it('passes what is good enough, and says what is not', () => {
    expect(gateOf({}, measured)).toEqual({ passed: true, failures: [] });
    expect(gateOf({ minAccuracy: 0.8, minAgreement: 0.9 }, measured).passed).toBe(true);
    const failures = [{ measure: 'agreement', least: 0.95, got: 0.9 }];
    expect(gateOf({ minAccuracy: 0.7, minAgreement: 0.95 }, measured)).toEqual({ passed: false, failures });
    expect(gateOf({ minAccuracy: 0.1 }, { ...measured, accuracy: Number.NaN }).passed).toBe(false);
  });
});
