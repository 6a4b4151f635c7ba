import { DistillationSpec, type RetortError } from '@retort/contracts';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { planStages } from '../progressive/plan-stages.js';
import { resolveSpec, storedSpec } from '../spec/resolve-spec.js';
import { planSearch, trialCount, trialSpec } from './search-plan.js';

const problemsOf = (input: unknown) => {
  try {
    resolveSpec(input);
  } catch (error) {
    return (error as RetortError).problems;
  }
  return [];
};
/** What a spec has at a pointer of two keys. */
const valueAt = (spec: object, pointer: string): unknown => {
  const [, section, field] = pointer.split('/');
  return (spec as Record<string, Record<string, unknown>>)[section!]?.[field!];
};
const space = { '/loss/temperature': { min: 1, max: 8, scale: 'log' as const } };

describe('a sweep in a spec', () => {
  it('draws legal specs within its ranges, the same for the same seed, whatever the number of trials', () => {
    const range = (least: number, most: number) =>
      fc
        .tuple(
          fc.integer({ min: least, max: most - 1 }),
          fc.integer({ min: 1, max: 20 }),
          fc.constantFrom('linear', 'log'),
        )
        .map(([min, length, scale]) => ({ min, max: Math.min(most, min + length), scale }));
    const sweep = fc.record({
      space: fc.record({
        '/student/width': range(8, 100),
        '/loss/lambda': fc.constant({ min: 0, max: 1 }),
        '/training/learningRate': fc.constant({ min: 1e-4, max: 1e-1, scale: 'log' }),
        '/training/optimizer': fc.constant({ values: ['adamw', 'sgd'] }),
      }),
      trials: fc.integer({ min: 2, max: 12 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(sweep, (given) => {
        const spec = resolveSpec({ sweep: given });
        const plan = planSearch(spec)!;
        expect(plan.candidates).toHaveLength(given.trials);
        for (const { spec: candidate, varied } of plan.candidates) {
          expect(Value.Check(DistillationSpec, candidate)).toBe(true);
          expect(candidate).not.toHaveProperty('sweep');
          for (const [pointer, value] of Object.entries(varied)) expect(valueAt(candidate, pointer)).toBe(value);
          const { width } = candidate.student;
          expect(Number.isInteger(width)).toBe(true);
          expect(width).toBeGreaterThanOrEqual(given.space['/student/width'].min);
          expect(width).toBeLessThanOrEqual(given.space['/student/width'].max);
          expect(candidate.training.learningRate).toBeGreaterThanOrEqual(1e-4);
          expect(candidate.training.learningRate).toBeLessThanOrEqual(1e-1);
        }
        const longer = planSearch(resolveSpec({ sweep: { ...given, trials: given.trials + 3 } }))!;
        expect(longer.candidates.slice(0, given.trials)).toEqual(plan.candidates);
      }),
      { numRuns: 8 },
    );
  });

  it('draws the logarithm uniformly where that was asked for', () => {
    const { candidates } = planSearch(
      resolveSpec({ sweep: { space: { '/training/learningRate': { min: 1e-4, max: 1, scale: 'log' } }, trials: 200 } }),
    )!;
    const low = candidates.filter(({ spec }) => spec.training.learningRate < 1e-2).length;
    // Half of 200, with a standard deviation of 7.
    expect(low).toBeGreaterThan(70);
    expect(low).toBeLessThan(130);
  });

  it('has no trial twice: a space of three points has three', () => {
    const plan = planSearch(
      resolveSpec({ sweep: { space: { '/loss/temperature': { values: [1, 2, 4] } }, trials: 20 } }),
    )!;
    expect(plan.candidates.map(({ spec }) => spec.loss.temperature).sort()).toEqual([1, 2, 4]);
  });

  it('draws again where a point is illegal, and lets what follows from a width follow it', () => {
    const student = { family: 'encoder', layers: 1 };
    const free = planSearch(
      resolveSpec({ student, sweep: { space: { '/student/width': { min: 32, max: 96 } }, trials: 8 } }),
    )!;
    for (const { spec } of free.candidates) {
      expect(spec.student).toEqual(resolveSpec({ student: { ...student, width: spec.student.width } }).student);
    }
    const named = planSearch(
      resolveSpec({
        student,
        sweep: { space: { '/student/width': { min: 32, max: 96 }, '/student/heads': { values: [4, 8] } }, trials: 8 },
      }),
    )!;
    for (const { spec } of named.candidates) {
      expect(spec.student.width % (spec.student as { heads: number }).heads).toBe(0);
    }
  });

  it.each([
    [{ '/loss/heat': { min: 1, max: 2 } }, /is not a field/],
    [{ '/student/layers': { min: 1, max: 2 } }, /is not a field of the spec of this student \(static\)/],
    [{ '/student/family': { values: ['static', 'encoder'] } }, /use student "auto"/],
    [{ '/sweep/seed': { min: 1, max: 2 } }, /cannot be searched/],
    [{ '/loss/temperature': { min: 4, max: 2 } }, /min below max/],
    [{ '/loss/lambda': { min: 0, max: 1, scale: 'log' } }, /above 0/],
    [{ '/training/optimizer': { min: 0, max: 1 } }, /name its values/],
    [{ '/training/epochs': { min: 1.2, max: 1.8 } }, /whole number/],
    [{ '/transferSet/strength': { min: 0.1, max: 0.5 } }, /once for all trials: .* only \/transferSet\/multiply, /],
    [{ '/transferSet/strategies/typo': { values: [0, 1] } }, /once for all trials/],
    [{ '/transferSet/seed': { values: [1, 2] } }, /once for all trials/],
    [{ '/__proto__/x': { values: [1] } }, /is not a field/],
  ])('refuses %o, naming the field', (bad, message) => {
    const [problem, ...others] = problemsOf({ sweep: { space: bad } });
    expect(others).toEqual([]);
    expect(problem!.path).toBe(`/sweep/space/${Object.keys(bad)[0]!.replaceAll('/', '~1')}`);
    expect(problem!.message).toMatch(message);
  });

  it('refuses a space that is illegal everywhere, and nothing but a space', () => {
    const [problem] = problemsOf({ sweep: { space: { '/student/minGram': { min: 6, max: 8 } } } });
    expect(problem).toMatchObject({ path: '/student/minGram', message: expect.stringContaining('at every point') });
    const [beyond] = problemsOf({ sweep: { space: { '/loss/lambda': { min: 2, max: 3 } } } });
    expect(beyond).toMatchObject({ path: '/loss/lambda' });
    expect(problemsOf({ sweep: {} }).map(({ path }) => path)).toContain('/sweep');
    expect(problemsOf({ sweep: { space, trials: 201 } })).toMatchObject([{ path: '/sweep/trials' }]);
    expect(problemsOf({ sweep: { space }, student: 'auto' })).toMatchObject([{ path: '/sweep' }]);
  });

  it('shortens a trial to its rung and stops it when it gains nothing, unless the spec says how', () => {
    const spec = resolveSpec({
      sweep: { space, trials: 9, eta: 3, firstShare: 0.2, patience: 2 },
      training: { epochs: 10 },
    });
    const plan = planSearch(spec)!;
    expect(plan.rungs.map(({ trials }) => trials)).toEqual([9, 3]);
    expect(trialCount(plan)).toBe(12);
    const { training } = trialSpec(plan, { index: 0, rung: 0 });
    expect(training).toMatchObject({ epochs: 2, patience: 2 });
    expect(trialSpec(plan, { index: 0, rung: 1 }).training.epochs).toBe(10);
    const patient = planSearch(resolveSpec({ ...spec, training: { epochs: 10, patience: 7 } }))!;
    expect(trialSpec(patient, { index: 0, rung: 0 }).training.patience).toBe(7);
  });

  it('shortens and stops the assistants of a trial too', () => {
    const assistants = [{ training: { epochs: 24 } }, { training: { epochs: 8, patience: 5 } }];
    const plan = planSearch(
      resolveSpec({
        ...{ training: { epochs: 16 }, progressive: { assistants } },
        sweep: { space, trials: 9, eta: 3, firstShare: 0.25, patience: 2 },
      }),
    )!;
    const stagesIn = (rung: number) =>
      planStages(trialSpec(plan, { index: 0, rung })).map(({ spec: { training } }) => [
        training.epochs,
        training.patience,
      ]);
    expect(stagesIn(0)).toEqual([
      [6, 2],
      [2, 5],
      [4, 2],
    ]);
    expect(stagesIn(1)).toEqual([
      [24, 2],
      [8, 5],
      [16, 2],
    ]);
  });

  it('varies what assistants have of loss and training as the whole spec has it, and leaves what they have of their own', () => {
    const assistants = [{}, { loss: { temperature: 2 }, training: { batchSize: 16, warmup: 0.1 } }];
    const { candidates } = planSearch(
      resolveSpec({
        progressive: { assistants },
        sweep: {
          space: {
            ...space,
            '/loss/divergence': { values: ['dkd', 'dist'] },
            '/training/learningRate': { min: 1e-4, max: 1e-1, scale: 'log' },
            '/training/batchSize': { values: [32, 128] },
            '/training/warmup': { values: [0.2, 0.3] },
          },
          trials: 6,
        },
      }),
    )!;
    for (const { loss, training, progressive } of candidates.map(({ spec }) => spec)) {
      const [inheriting, other] = progressive!.assistants!;
      expect(inheriting).toMatchObject({ loss, training });
      expect(other!.loss).toEqual({ ...loss, temperature: 2 });
      expect(other!.training).toEqual({ ...training, batchSize: 16, warmup: 0.1 });
    }
  });

  it('tries every divergence, whatever parameters the one of the spec has', () => {
    const sweep = { space: { '/loss/divergence': { values: ['forward-kl', 'dkd', 'dist'] } }, trials: 20 };
    const assistants = [{}, { loss: { divergence: 'reverse-kl' } }];
    const { candidates } = planSearch(
      resolveSpec({ loss: { divergence: 'dkd', dkd: { beta: 2 } }, progressive: { assistants }, sweep }),
    )!;
    const found = candidates.map(({ spec: { loss, progressive } }) => {
      const [inheriting, other] = progressive!.assistants!;
      expect(inheriting!.loss).toEqual(loss);
      expect(other!.loss).toMatchObject({ divergence: 'reverse-kl' });
      return [loss.divergence, loss.dkd?.beta];
    });
    expect(found.sort()).toEqual([
      ['dist', undefined],
      ['dkd', 2],
      ['forward-kl', undefined],
    ]);
  });

  it('trains a student that grows for as many epochs as its depths need, however short the rung', () => {
    const stages = [{ layers: 1, share: 0.2 }, { layers: 2 }, { layers: 3 }];
    const plan = planSearch(
      resolveSpec({
        ...{ student: { family: 'encoder', layers: 3 }, training: { epochs: 16 }, progressive: { growth: { stages } } },
        sweep: { space, trials: 9, eta: 3, firstShare: 0.125 },
      }),
    )!;
    const epochsIn = (rung: number) =>
      planStages(trialSpec(plan, { index: 0, rung })).map(({ spec }) => spec.training.epochs);
    // Of the 2 epochs of the rung the first depth would get none.
    expect(epochsIn(0)).toEqual([1, 1, 1]);
    expect(epochsIn(1)).toEqual([3, 7, 6]);
  });
});

describe('student "auto"', () => {
  it('stands for a section of its own, which says the same when it is read again', () => {
    const spec = resolveSpec({ student: { family: 'auto', budget: { latencyMs: 0.5, bytes: 1e6 } } });
    expect(spec.auto).toMatchObject({ budget: { latencyMs: 0.5, bytes: 1e6 }, metric: 'accuracy' });
    expect(resolveSpec(spec)).toEqual(spec);
    expect(storedSpec(spec)).toEqual(spec);
    expect(resolveSpec({ student: 'auto' }).auto).not.toHaveProperty('budget');
    expect(resolveSpec({ student: 'auto', auto: { budget: { bytes: 5 } } }).auto?.budget).toEqual({ bytes: 5 });
  });

  it('has legal candidates of every family, each with the learning rate of its family unless one was named', () => {
    const rates = (input: object) =>
      planSearch(resolveSpec({ student: 'auto', ...input }))!.candidates.map(({ spec }) => [
        spec.student.family,
        spec.training.learningRate,
      ]);
    const own = new Map(rates({}) as [string, number][]);
    for (const family of ['static', 'encoder'] as const) {
      expect(own.get(family)).toBe(resolveSpec({ student: { family } }).training.learningRate);
    }
    expect(new Set(rates({ training: { learningRate: 0.003 } }).map(([, rate]) => rate))).toEqual(new Set([0.003]));
  });

  it('has candidates of the teacher’s tokens, where they are asked for', () => {
    const tokensOf = (student: unknown) =>
      planSearch(resolveSpec({ student }))!.candidates.map(({ spec }) =>
        spec.student.family === 'static' ? spec.student.tokens : undefined,
      );
    expect(new Set(tokensOf('auto'))).toEqual(new Set(['characters', undefined]));
    expect(new Set(tokensOf({ family: 'auto', tokens: 'teacher' }))).toEqual(new Set(['teacher', undefined]));
  });

  it('chooses among the students that are listed, each with what its training has of its own', () => {
    const candidates = [
      { student: { width: 32 } },
      { student: { width: 64 }, training: { epochs: 9 } },
      { student: { family: 'encoder', layers: 1 } },
    ];
    const spec = resolveSpec({ student: 'auto', auto: { candidates }, training: { epochs: 4, batchSize: 16 } });
    expect(resolveSpec(spec)).toEqual(spec);
    const found = planSearch(spec)!.candidates;
    expect(found.map(({ varied }) => varied)).toEqual([
      { family: 'static', width: 32 },
      { family: 'static', width: 64 },
      { family: 'encoder' },
    ]);
    expect(found.map(({ spec: { training } }) => [training.epochs, training.batchSize])).toEqual([
      [4, 16],
      [9, 16],
      [4, 16],
    ]);
    expect(found[2].spec).toEqual(
      resolveSpec({ student: candidates[2].student, training: { epochs: 4, batchSize: 16 } }),
    );
  });

  it('is refused with candidates that are illegal, by themselves or with the rest of the spec, said once where all share it', () => {
    const problems = (candidates: unknown, more: object = {}) =>
      problemsOf({ student: 'auto', auto: { candidates }, ...more }).map(({ path, message }) => `${path} ${message}`);
    expect(problems([])[0]).toContain('/auto/candidates ');
    expect(problems([{ student: { family: 'encoder', buckets: 5 } }])).toEqual([
      '/auto/candidates/0/student/buckets is not a field of the spec',
    ]);
    expect(problems([{}])[0]).toContain('/auto/candidates/0');
    expect(problems([{ student: { width: 32 }, training: { epochs: 0 } }])[0]).toContain(
      '/auto/candidates/0/training/epochs ',
    );
    expect(problems([{ student: {} }, { student: {} }], { training: { epochs: 0 } })).toHaveLength(1);
    const grown = { growth: { stages: [{ layers: 1 }, { layers: 2 }] } };
    const encoder = { family: 'encoder', layers: 3 };
    const [own] = problems([{ student: encoder }], { progressive: grown }).filter((one) => one.includes('candidates'));
    expect(own).toMatch(/^\/auto\/candidates\/0\/student does not go with \/progressive\//);
  });

  it('leaves out the candidates that the rest of the spec makes illegal', () => {
    const families = (batchSize: number) =>
      planSearch(resolveSpec({ student: 'auto', training: { batchSize } }))!.candidates.map(
        ({ spec }) => spec.student.family,
      );
    expect(families(4096).length).toBeLessThan(families(64).length);
    expect(families(4096)).toContain('static');
  });

  it('is refused with a student beside it, and with fields that it has not', () => {
    expect(problemsOf({ auto: {}, student: { width: 32 } })).toMatchObject([{ path: '/student' }]);
    expect(problemsOf({ student: { family: 'auto', width: 32 } })).toMatchObject([{ path: '/auto/width' }]);
    expect(problemsOf({ student: { family: 'auto', budget: { latencyMs: 0 } } })).toMatchObject([
      { path: '/auto/budget/latencyMs' },
    ]);
  });
});

it('asks for no search where the spec has none', () => {
  expect(planSearch(resolveSpec())).toBeUndefined();
});
