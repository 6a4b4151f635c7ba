import { DistillationSpec, type RetortError } from '@retort/contracts';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { resolveSpec } from '../spec/resolve-spec.js';

function problemsOf(input: unknown) {
  try {
    resolveSpec(input);
  } catch (error) {
    return (error as RetortError).problems;
  }
  return [];
}

const encoder = { family: 'encoder', layers: 4, width: 64 } as const;
const grown = (stages: object[], rest: object = {}) => ({
  student: encoder,
  progressive: { growth: { stages, ...rest } },
});

describe('the section progressive', () => {
  it('is absent unless it is asked for', () => {
    expect(resolveSpec()).not.toHaveProperty('progressive');
  });

  it('fills an assistant by its family, and what it leaves out as the whole spec has it', () => {
    const spec = resolveSpec({
      student: { width: 16 },
      loss: { lambda: 0.4, temperature: 2 },
      training: { epochs: 7, learningRate: 0.02, seed: 5 },
      progressive: {
        assistants: [
          { student: { family: 'encoder', width: 128 }, loss: { temperature: 4 }, training: { epochs: 3 } },
          { student: { width: 32 }, mix: 0.5 },
        ],
      },
    });
    const [first, second] = spec.progressive?.assistants ?? [];
    expect(first).toMatchObject({
      student: { family: 'encoder', width: 128, heads: 4, intermediate: 512 },
      loss: { lambda: 0.4, temperature: 4, labelSmoothing: 0 },
      training: { epochs: 3, seed: 5, learningRate: 0.001 },
      mix: 0,
    });
    expect(second).toMatchObject({
      student: { family: 'static', width: 32, buckets: 16_384 },
      loss: spec.loss,
      training: spec.training,
      mix: 0.5,
    });
    expect(Value.Check(DistillationSpec, spec)).toBe(true);
    expect(resolveSpec(spec)).toEqual(spec); // As a trainer reads it again.
  });

  it('gives an assistant of another divergence nothing of the parameters of the whole spec’s', () => {
    const assistants = [{ loss: { divergence: 'forward-kl' } }, { loss: { divergence: 'dkd' } }];
    const spec = resolveSpec({ loss: { divergence: 'dkd', dkd: { beta: 2 } }, progressive: { assistants } });
    expect(spec.progressive?.assistants?.map(({ loss }) => loss.dkd?.beta)).toEqual([undefined, 2]);
    expect(resolveSpec(spec)).toEqual(spec);
  });

  it('divides the epochs that are left', () => {
    const stages = [{ layers: 1, share: 0.5 }, { layers: 2 }, { layers: 4 }];
    expect(resolveSpec(grown(stages)).progressive?.growth).toEqual({
      stages: [
        { layers: 1, share: 0.5 },
        { layers: 2, share: 0.25 },
        { layers: 4, share: 0.25 },
      ],
      newLayers: 'stack',
    });
  });

  it.each([
    [
      grown([{ layers: 2 }, { layers: 2 }, { layers: 4 }]),
      '/growth/stages/1/layers',
      'above that of the stage before (2)',
    ],
    [
      grown([{ layers: 1 }, { layers: 3 }]),
      '/growth/stages/1/layers',
      'must be student.layers (4) in the last stage, got 3',
    ],
    [grown([{ layers: 4 }]), '/growth/stages', 'must not have fewer than 2 items'],
    [
      grown([
        { layers: 2, share: 0.5 },
        { layers: 4, share: 0.6 },
      ]),
      '/growth/stages',
      'must sum to 1',
    ],
    [
      grown([{ layers: 2, share: 0.99 }, { layers: 4 }]),
      '/growth/stages/1/share',
      'no whole epoch of training.epochs (15)',
    ],
    [
      { ...grown([{ layers: 1 }, { layers: 2 }]), student: {} },
      '/growth',
      'leave it out, or name the student.family "encoder"',
    ],
    [grown([{ layers: 2 }, { layers: 4 }], { newLayers: 'magic' }), '/growth/newLayers', ''],
    [{ progressive: { assistants: Array(5).fill({}) } }, '/assistants', 'must not have more than 4 items'],
    [{ progressive: { assistants: [{ mix: 1 }] } }, '/assistants/0/mix', 'must be < 1'],
    [{ progressive: { assistants: [{ student: { width: 2 } }] } }, '/assistants/0/student/width', 'must be >= 8'],
    [
      { progressive: { assistants: [{ student: { family: 'oak' } }] } },
      '/assistants/0/student/family',
      'one of static, encoder',
    ],
    [
      { progressive: { assistants: [{ loss: { lamda: 1 } }] } },
      '/assistants/0/loss/lamda',
      'is not a field of the spec',
    ],
    [{ progressive: { assistants: [{ teacher: 1 }] } }, '/assistants/0/teacher', 'is not a field of the spec'],
    [
      { student: encoder, progressive: { assistants: [{ student: { ...encoder, layers: 2 } }] } },
      '/assistants/0/student',
      'fewer than the student, which learns from it',
    ],
    [
      { progressive: { assistants: [{ student: { width: 64 } }, { student: { width: 128 } }] } },
      '/assistants/0/student',
      'fewer than assistant 2',
    ],
    [
      { progressive: { assistants: [{ student: { family: 'encoder', width: 100, heads: 3 } }] } },
      '/assistants/0/student/heads',
      'must divide width',
    ],
  ])('refuses %o', (input, path, message) => {
    const problems = problemsOf(input) ?? [];
    expect(problems.map((problem) => problem.path)).toContain(`/progressive${path}`);
    const found = problems.filter((problem) => problem.path === `/progressive${path}`);
    expect(
      found.some((problem) => problem.message.includes(message)),
      JSON.stringify(problems),
    ).toBe(true);
  });

  it('says of an assistant’s student what is wrong with it, and nothing of other families', () => {
    expect(problemsOf({ progressive: { assistants: [{ student: { buckets: 1 } }] } })).toEqual([
      { path: '/progressive/assistants/0/student/buckets', message: 'must be >= 256' },
    ]);
  });

  it('gives a valid spec or RT_INVALID_SPEC for any JSON value', () => {
    const values = fc.record(
      { assistants: fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())), growth: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(values, fc.jsonValue()), (progressive) => {
        try {
          expect(Value.Check(DistillationSpec, resolveSpec({ student: encoder, progressive }))).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'RT_INVALID_SPEC' });
        }
      }),
      { numRuns: 50 },
    );
  });
});
