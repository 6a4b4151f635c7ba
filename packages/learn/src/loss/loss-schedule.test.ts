import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLoss } from './check-loss.js';
import type { LossOptions } from './loss-options.js';
import { ignoresTeacher, lossAt } from './loss-schedule.js';

const stages = [
  { until: 0.5, temperature: 8 },
  { until: 0.75, lambda: 0.5 },
  { until: 1, temperature: 1, lambda: 1 },
];
const staged = (interpolation: 'step' | 'linear'): LossOptions => ({
  ...{ lambda: 0.1, temperature: 4, schedule: { interpolation, stages } },
});

describe('lossAt', () => {
  it('is constant without a schedule', () => {
    expect(lossAt(7, 10, { lambda: 0.1, temperature: 4 })).toEqual({ lambda: 0.1, temperature: 4 });
  });

  it('goes in steps, a stage from its beginning, with what it leaves out from the loss', () => {
    const at = (step: number) => Object.values(lossAt(step, 20, staged('step')));
    expect([0, 9].map(at)).toEqual([
      [0.1, 8],
      [0.1, 8],
    ]);
    expect([10, 14].map(at)).toEqual([
      [0.5, 4],
      [0.5, 4],
    ]);
    expect([15, 19].map(at)).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it('goes in straight lines from the loss through the end of every stage', () => {
    const at = (step: number) => lossAt(step, 20, staged('linear'));
    expect(at(0)).toEqual({ lambda: 0.1, temperature: 4 });
    expect(at(5)).toEqual({ lambda: 0.1, temperature: 6 });
    expect(at(10)).toEqual({ lambda: 0.1, temperature: 8 });
    expect(at(15)).toEqual({ lambda: 0.5, temperature: 4 });
    expect(at(18).lambda).toBeCloseTo(0.8, 12);
    expect(at(18).temperature).toBeCloseTo(2.2, 12);
  });

  it('stays within what the stages and the loss name, at every step', () => {
    const within = fc.constantFrom('step' as const, 'linear' as const);
    fc.assert(
      fc.property(within, fc.integer({ min: 1, max: 100 }), fc.nat(99), (interpolation, steps, at) => {
        const { lambda, temperature } = lossAt(at % steps, steps, staged(interpolation));
        expect(lambda).toBeGreaterThanOrEqual(0.1);
        expect(lambda).toBeLessThanOrEqual(1);
        expect(temperature).toBeGreaterThanOrEqual(1);
        expect(temperature).toBeLessThanOrEqual(8);
      }),
    );
  });
});

describe('ignoresTeacher', () => {
  it('says whether lambda is 1 all along', () => {
    const labelsOnly = [
      { until: 0.5, lambda: 1 },
      { until: 1, lambda: 1 },
    ];
    const by = (interpolation: 'step' | 'linear') => ({ schedule: { interpolation, stages: labelsOnly } });
    expect(ignoresTeacher({ lambda: 1 })).toBe(true);
    expect(ignoresTeacher({ lambda: 0.9 })).toBe(false);
    expect(ignoresTeacher(staged('step'))).toBe(false);
    expect(ignoresTeacher({ lambda: 0, ...by('step') })).toBe(true);
    expect(ignoresTeacher({ lambda: 0, ...by('linear') })).toBe(false);
    expect(ignoresTeacher({ lambda: 1, ...by('linear') })).toBe(true);
  });
});

describe('checkLoss', () => {
  const schedule = (...list: { until: number; temperature?: number }[]) => ({
    schedule: { interpolation: 'step' as const, stages: list },
  });
  it.each<[Partial<LossOptions>, string]>([
    [{ lambda: 1.1 }, 'loss.lambda must be from 0 to 1, not 1.1'],
    [{ temperature: 0 }, 'loss.temperature must be above 0'],
    [{ labelSmoothing: 1 }, 'loss.labelSmoothing must be'],
    [{ divergence: 'hellinger' as 'dkd' }, 'loss.divergence must be one of forward-kl,'],
    [{ dkd: { beta: -1 } }, 'loss.dkd.beta must be at least 0'],
    [{ dist: { inter: 1, intra: Number.NaN } }, 'loss.dist.intra must be'],
    [schedule({ until: 0.5 }, { until: 0.5 }, { until: 1 }), 'loss.schedule.stages[1].until must be above 0.5'],
    [schedule({ until: 0.5 }), 'the last ends at 1, not 0.5'],
    [schedule({ until: 1, temperature: -2 }), 'loss.schedule.stages[0].temperature must be'],
  ])('refuses %j', (changes, message) => {
    expect(() => checkLoss({ lambda: 0.1, temperature: 3, ...changes })).toThrow(message);
  });
});
