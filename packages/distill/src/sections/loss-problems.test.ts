import { DIVERGENCES, DistillationSpec, RetortError } from '@retort/contracts';
import { ignoresTeacher } from '@retort/learn';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { resolveSpec, storedSpec } from '../spec/resolve-spec.js';

function problemsOf(input: unknown) {
  try {
    resolveSpec(input);
  } catch (error) {
    expect(error).toBeInstanceOf(RetortError);
    expect(error).toMatchObject({ code: 'RT_INVALID_SPEC' });
    return (error as RetortError).problems;
  }
  return [];
}
const stages = [
  { until: 0.5, temperature: 8 },
  { until: 1, lambda: 1 },
];

describe('the loss of a spec', () => {
  it('is the forward KL without anything besides, also of a spec of before there was a choice', () => {
    const plain = { lambda: 0.1, temperature: 3, labelSmoothing: 0, divergence: 'forward-kl' };
    expect(resolveSpec().loss).toEqual(plain);
    const stored = storedSpec({ loss: { lambda: 0.1, temperature: 3, labelSmoothing: 0 } });
    expect(stored.loss).toEqual(plain);
    for (const section of ['softLabels', 'curriculum']) expect(stored).not.toHaveProperty(section);
  });

  it('gets the parameters of its divergence, and the defaults of a section that is named', () => {
    expect(resolveSpec({ loss: { divergence: 'dkd' } }).loss.dkd).toEqual({ beta: 8 });
    expect(resolveSpec({ loss: { divergence: 'dist', dist: { intra: 2 } } }).loss.dist).toEqual({ inter: 1, intra: 2 });
    expect(resolveSpec({ loss: { schedule: { stages } } }).loss.schedule).toEqual({ interpolation: 'step', stages });
    const { softLabels, curriculum } = resolveSpec({ softLabels: {}, curriculum: {} });
    expect(softLabels).toEqual({ calibrate: false, correct: 0, sharpen: 1, weighting: 'none' });
    expect(curriculum).toEqual({ by: 'margin', start: 0.3, until: 0.5, pacing: 'root' });
  });

  it.each<[unknown, string, string]>([
    [{ loss: { divergence: 'hellinger' } }, '/loss/divergence', 'must be'],
    [{ loss: { dkd: { beta: 4 } } }, '/loss/dkd', 'is of the divergence "dkd" alone'],
    [{ loss: { divergence: 'dkd', dist: {} } }, '/loss/dist', 'is of the divergence "dist" alone'],
    [{ loss: { divergence: 'dkd', dkd: { beta: 101 } } }, '/loss/dkd/beta', 'must be <= 100'],
    [{ loss: { divergence: 'dist', dist: { inter: 0, intra: 0 } } }, '/loss/dist', 'teaches nothing'],
    [{ loss: { lambda: 1, divergence: 'dkd' } }, '/loss/divergence', 'where lambda is 1 all along'],
    [{ loss: { lambda: 1 }, softLabels: { sharpen: 2 } }, '/softLabels/sharpen', 'where lambda is 1 all along'],
    [{ loss: { lambda: 1 }, softLabels: { correct: 0.5 } }, '/softLabels/correct', 'where lambda is 1 all along'],
    [{ loss: { lambda: 1 }, softLabels: { topK: 5 } }, '/softLabels/topK', 'where lambda is 1 all along'],
    [{ loss: { lambda: 1 }, softLabels: { calibrate: true } }, '/softLabels/calibrate', 'where lambda is 1 all along'],
    [{ loss: { schedule: { stages: [] } } }, '/loss/schedule/stages', 'must not have fewer than 1 items'],
    [
      { loss: { schedule: { stages: [{ until: 0.5 }] } } },
      '/loss/schedule/stages/0/until',
      'must be 1 in the last stage',
    ],
    [
      { loss: { schedule: { stages: [{ until: 0.5 }, { until: 0.5 }, { until: 1 }] } } },
      '/loss/schedule/stages/1/until',
      'must be above that of the stage before (0.5), got 0.5',
    ],
    [
      { loss: { divergence: 'logit-mse', schedule: { stages } } },
      '/loss/schedule/stages/0/temperature',
      'has no part in the divergence "logit-mse"',
    ],
    [{ softLabels: { topk: 3 } }, '/softLabels/topk', 'is not a field of the spec'],
    [{ softLabels: { weighting: 'loss' } }, '/softLabels/weighting', 'must be'],
    [{ curriculum: { start: 1 } }, '/curriculum/start', 'must be < 1'],
    [{ curriculum: { until: 0 } }, '/curriculum/until', 'must be > 0'],
  ])('is refused as %j', (input, path, message) => {
    const problems = problemsOf(input);
    expect(problems.map((problem) => problem.path)).toContain(path);
    expect(problems.find((problem) => problem.path === path)?.message).toContain(message);
  });

  it('may learn from labels alone in some stage, or by weights and a curriculum of the calibrated teacher', () => {
    expect(problemsOf({ loss: { schedule: { stages } }, softLabels: { sharpen: 2 } })).toEqual([]);
    expect(problemsOf({ loss: { lambda: 1 }, softLabels: { calibrate: true, weighting: 'margin' } })).toEqual([]);
    expect(problemsOf({ loss: { lambda: 1 }, softLabels: { calibrate: true }, curriculum: {} })).toEqual([]);
  });

  it('is whole, and learns from the teacher whatever needs one, where it is accepted', () => {
    const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
    const rarely = <T>(value: fc.Arbitrary<T>) => fc.oneof({ arbitrary: fc.constant(undefined), weight: 5 }, value);
    const share = fc.constantFrom(0, 0.25, 0.5, 1);
    const withoutGaps = (value: object) =>
      Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
    const sections = fc.record({
      loss: fc
        .record({
          ...{ lambda: share, divergence: fc.constantFrom(...DIVERGENCES) },
          ...{ dkd: rarely(fc.constant({})), dist: rarely(fc.record({ inter: share, intra: share })) },
          schedule: some(
            fc
              .tuple(fc.constantFrom([1], [0.5, 1], [0.25, 0.5, 1], [0.5], [0.5, 0.25, 1]), share)
              .map(([ends, lambda]) => ({ stages: ends.map((until) => ({ until, lambda })) })),
          ),
        })
        .map(withoutGaps),
      softLabels: some(fc.record({ correct: share, topK: fc.integer({ min: 1, max: 9 }), calibrate: fc.boolean() })),
      curriculum: rarely(fc.record({ start: share, until: share })),
    });
    let accepted = 0;
    fc.assert(
      fc.property(sections.map(withoutGaps), (input) => {
        if (problemsOf(input).length > 0) return;
        accepted++;
        const spec = resolveSpec(input);
        expect(Value.Check(DistillationSpec, spec)).toBe(true);
        const { divergence, dkd, dist, schedule } = spec.loss;
        expect([dkd !== undefined, dist !== undefined]).toEqual([divergence === 'dkd', divergence === 'dist']);
        if (schedule) expect(schedule.stages.at(-1)?.until).toBe(1);
        if (divergence !== 'forward-kl' || spec.softLabels?.topK) expect(ignoresTeacher(spec.loss)).toBe(false);
      }),
      { numRuns: 150 },
    );
    expect(accepted).toBeGreaterThan(10);
  });
});
