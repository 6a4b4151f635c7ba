import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveSpec } from '../spec/resolve-spec.js';
import { epochsOf, planStages } from './plan-stages.js';

describe('planStages', () => {
  it('has one stage where nothing else is asked for', () => {
    const spec = resolveSpec();
    expect(planStages(spec)).toMatchObject([{ name: 'student', spec: { student: spec.student } }]);
    expect(planStages({ ...spec, progressive: {} })).toHaveLength(1);
  });

  it('goes through the assistants, then through the depths of the student', () => {
    const encoder = { family: 'encoder', width: 64 };
    const stages = planStages(
      resolveSpec({
        student: { ...encoder, initFrom: { layers: [1, 3, 5, 7] } },
        training: { epochs: 10 },
        progressive: {
          assistants: [{ student: { ...encoder, layers: 6 }, mix: 0.25 }, { student: { family: 'static' } }],
          growth: { stages: [{ layers: 1, share: 0.2 }, { layers: 2 }, { layers: 4 }] },
        },
      }),
    );
    expect(stages.map(({ name }) => name)).toEqual(['assistant-1', 'assistant-2', 'layers-1', 'layers-2', 'student']);
    expect(stages.map(({ label }) => label)).toEqual([
      'assistant 1 of 2',
      'assistant 2 of 2',
      'depth 1 of 3 (1 layers)',
      'depth 2 of 3 (2 layers)',
      'depth 3 of 3 (4 layers)',
    ]);
    expect(stages.map(({ mix }) => mix)).toEqual([0.25, 0, undefined, undefined, undefined]);
    expect(stages.map(({ growsFrom }) => growsFrom)).toEqual([undefined, undefined, undefined, 1, 2]);
    expect(stages.slice(2).map(({ spec }) => spec.training.epochs)).toEqual([2, 4, 4]);
    expect(stages[3]!.spec.student).toMatchObject({ layers: 2, initFrom: { layers: [1, 3] } });
  });

  it('adjusts soft labels for every stage, and keeps curriculum and features to the student itself', () => {
    const softLabels = { correct: 0.5 };
    const stages = planStages(
      resolveSpec({
        student: { family: 'encoder', layers: 2 },
        softLabels,
        curriculum: {},
        features: [{ kind: 'embedding' }],
        progressive: { assistants: [{}], growth: { stages: [{ layers: 1 }, { layers: 2 }] } },
      }),
    );
    for (const { spec } of stages) expect(spec.softLabels).toMatchObject(softLabels);
    for (const section of ['curriculum', 'features'] as const) {
      expect(stages.map(({ spec }) => spec[section] !== undefined)).toEqual([false, false, true]);
    }
  });

  it('gives all epochs away, whatever the shares', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 1000 }), (parts, epochs) => {
        const sum = parts.reduce((total, part) => total + part, 0);
        const given = epochsOf(
          parts.map((part) => ({ share: part / sum })),
          epochs,
        );
        expect(given.reduce((total, count) => total + count, 0)).toBe(epochs);
        for (const [i, count] of given.entries())
          expect(Math.abs(count - (epochs * parts[i]!) / sum)).toBeLessThan(1.001);
      }),
    );
  });
});
