import type { DistillationSpec, RetortError, SweepRange } from '@retort/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { specsForTeachers } from '../../../../test/support/spec-arbitrary.ts';
import { planStages } from '../progressive/plan-stages.js';
import { resolveSpec } from '../spec/resolve-spec.js';
import { planSearch, trialSpec } from './search-plan.js';

/** Other specs than these: `RETORT_SPECS_SEED=7 npx vitest run packages/distill/src/search/random-searches.test.ts`, with RETORT_SPECS_RUNS of them. */
const SEED = Number(process.env.RETORT_SPECS_SEED ?? 2015);
const RUNS = Number(process.env.RETORT_SPECS_RUNS ?? 60);

const one = fc.constantFrom;

/** Ranges of fields that every spec has, that one family has, and of sections that the spec need not have. */
const RANGES: Record<string, SweepRange> = {
  '/training/epochs': { min: 1, max: 40 },
  '/training/learningRate': { min: 1e-4, max: 0.1, scale: 'log' },
  '/training/batchSize': { values: [16, 64] },
  '/training/seed': { min: 0, max: 9 },
  '/training/mixup': { values: [0, 0.4] },
  '/loss/temperature': { min: 1, max: 8 },
  '/loss/lambda': { min: 0, max: 1 },
  '/loss/divergence': { values: ['forward-kl', 'dkd', 'dist'] },
  '/softLabels/topK': { values: [1, 2] },
  '/softLabels/sharpen': { min: 0.5, max: 2 },
  '/curriculum/start': { min: 0.2, max: 0.9 },
  '/transferSet/multiply': { min: 0, max: 3 },
  '/transferSet/minConfidence': { min: 0, max: 0.9 },
  '/compression/fineTuneEpochs': { values: [0, 1] },
  '/progressive/growth/newLayers': { values: ['stack', 'fresh'] },
  '/student/width': { min: 8, max: 64 },
  '/student/hidden': { values: [0, 8] },
  '/student/maxGram': { values: [1, 2, 3] },
  '/student/buckets': { min: 256, max: 1024, scale: 'log' },
  '/student/layers': { min: 1, max: 4 },
  '/student/heads': { values: [1, 2, 4] },
  '/student/dropout': { min: 0, max: 0.3 },
};
const sweep = fc.record(
  {
    space: fc.subarray(Object.entries(RANGES), { minLength: 1, maxLength: 3 }).map((some) => Object.fromEntries(some)),
    method: one('random', 'successive-halving'),
    trials: fc.integer({ min: 2, max: 9 }),
    eta: one(2, 3),
    firstShare: one(0.01, 0.125, 0.5),
    patience: one(0, 3),
    seed: fc.nat(9),
  },
  { requiredKeys: ['space', 'trials'] },
);
const candidate = fc.record(
  {
    student: one<object>({ width: 16 }, { width: 32, hidden: 0 }, { family: 'encoder', layers: 3, width: 32 }),
    training: fc.record({ epochs: fc.integer({ min: 1, max: 40 }) }),
  },
  { requiredKeys: ['student'] },
);
const auto = fc.record(
  { candidates: fc.array(candidate, { minLength: 1, maxLength: 4 }), patience: one(0, 3) },
  { requiredKeys: [] },
);

function resolved(spec: object): DistillationSpec | undefined {
  try {
    return resolveSpec(spec);
  } catch (error) {
    expect((error as RetortError).code).toBe('RT_INVALID_SPEC');
    return undefined;
  }
}

/** With a student of several depths, which random sections seldom fit. */
const grown = fc
  .tuple(specsForTeachers, one(2, 3), one('stack', 'fresh'))
  .map(([{ spec, ...given }, layers, newLayers]) => ({
    ...given,
    spec: {
      ...spec,
      student: { family: 'encoder', layers, width: 16, heads: 1 },
      progressive: {
        ...spec.progressive,
        growth: { stages: Array.from({ length: layers }, (_, i) => ({ layers: i + 1 })), newLayers },
      },
    },
  }));
const base = fc
  .tuple(fc.oneof(specsForTeachers, grown), fc.integer({ min: 1, max: 40 }))
  .map(([{ spec }, epochs]) => ({ ...spec, training: { ...spec.training, epochs } }))
  .filter((spec) => resolved(spec) !== undefined);
const legal = (searched: fc.Arbitrary<object>) =>
  searched.map(resolved).filter((spec): spec is DistillationSpec => spec !== undefined);
const swept = legal(fc.tuple(base, sweep).map(([spec, given]) => ({ ...spec, sweep: given })));
const chosen = legal(fc.tuple(base, auto).map(([spec, given]) => ({ ...spec, student: 'auto', auto: given })));

describe('every trial of a legal search', () => {
  const expectLegal = (spec: DistillationSpec) => {
    // As workers read it again.
    expect(resolveSpec(spec)).toEqual(spec);
    const plan = planSearch(spec)!;
    for (const { index, spec: candidate } of plan.candidates) {
      expect(resolveSpec(candidate)).toEqual(candidate);
      for (const rung of plan.rungs.keys()) {
        const trial = trialSpec(plan, { index, rung });
        expect(trial).not.toHaveProperty('sweep');
        expect(trial).not.toHaveProperty('auto');
        expect(resolveSpec(trial)).toEqual(trial);
        for (const stage of planStages(trial)) expect(stage.spec.training.epochs).toBeGreaterThanOrEqual(1);
      }
    }
  };

  it.each([
    ['a sweep', swept],
    ['student "auto"', chosen],
  ])('is a legal spec: %s', (_, specs) => {
    fc.assert(fc.property(specs, expectLegal), { numRuns: RUNS, seed: SEED, endOnFailure: true });
  });
});
