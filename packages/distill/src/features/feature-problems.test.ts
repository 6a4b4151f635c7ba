import { RetortError } from '@retort/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveSpec, storedSpec } from '../spec/resolve-spec.js';
import { DISTANCES, featureTeacherProblems } from './feature-problems.js';
import { planFeatures } from './feature-terms.js';

const encoder = { family: 'encoder', layers: 2, width: 32, heads: 2, maxLength: 16 } as const;

function problemsOf(features: unknown, student: object = encoder) {
  try {
    resolveSpec({ student, features });
  } catch (error) {
    expect(error).toBeInstanceOf(RetortError);
    return (error as RetortError).problems;
  }
  return [];
}

describe('features of a spec', () => {
  it('are absent unless they are asked for, in old specs too', () => {
    expect(resolveSpec()).not.toHaveProperty('features');
    expect(storedSpec({ training: { epochs: 3 } })).not.toHaveProperty('features');
  });

  it('get a weight, and keep what was left open', () => {
    expect(resolveSpec({ student: encoder, features: [{ kind: 'hidden' }] }).features).toEqual([
      { kind: 'hidden', weight: 1 },
    ]);
  });

  it.each<[object, string, string, object?]>([
    [{ kind: 'hidden' }, '/features/0/kind', 'static student', { family: 'static' }],
    [{ kind: 'embedding', studentLayer: 0 }, '/features/0/studentLayer', 'of no use with embedding'],
    [{ kind: 'attention', relationHeads: 2 }, '/features/0/relationHeads', 'of no use with attention'],
    [{ kind: 'query-key-relation', teacherTensor: 'q' }, '/features/0/teacherTensor', 'of no use'],
    [{ kind: 'hidden', teacherTensor: 'x', teacherLayer: 1 }, '/features/0/teacherTensor', 'leave one out'],
    [{ kind: 'hidden', distance: 'kl' }, '/features/0/distance', 'must be mse or cosine with hidden, got kl'],
    [{ kind: 'value-relation', distance: 'mse' }, '/features/0/distance', 'must be kl'],
    [{ kind: 'hidden', studentLayer: 2 }, '/features/0/studentLayer', "below the student's layers (2), got 2"],
    [{ kind: 'value-relation', relationHeads: 5 }, '/features/0/relationHeads', "divide the student's width (32)"],
    [{ kind: 'hidden', weight: 0 }, '/features/0/weight', ''],
    [{ kind: 'sound' }, '/features/0/kind', ''],
    [{ kind: 'hidden', layer: 1 }, '/features/0/layer', 'is not a field'],
  ])('are refused where they cannot be: %o', (feature, path, reason, student) => {
    expect(problemsOf([feature], student)).toContainEqual({ path, message: expect.stringContaining(reason) });
  });

  it('are refused by number and by memory', () => {
    expect(problemsOf([]).map(({ path }) => path)).toEqual(['/features']);
    expect(problemsOf(Array(17).fill({ kind: 'embedding' })).map(({ path }) => path)).toEqual(['/features']);
    const relations = Array(16).fill({ kind: 'value-relation', relationHeads: 32 });
    expect(problemsOf(relations, { ...encoder, maxLength: 512 })).toEqual([
      { path: '/features', message: expect.stringContaining('name fewer') },
    ]);
  });

  it('are refused at submission for a teacher of other tokens, or of fewer', () => {
    const spec = resolveSpec({ student: encoder, features: [{ kind: 'embedding' }, { kind: 'attention' }] });
    const of = (type: string, maxLength: number) =>
      featureTeacherProblems(spec, { type, maxLength }).map(({ path }) => path);
    expect(of('WordPiece', 16)).toEqual([]);
    expect(of('Unigram', 15)).toEqual(['/spec/student/maxLength']);
    expect(of('BPE', 512)).toEqual(['/spec/features/1/kind']);
    const alone = resolveSpec({ features: [{ kind: 'embedding' }] });
    expect(featureTeacherProblems(alone, { type: 'BPE', maxLength: 8 })).toEqual([]);
  });
});

describe('the plan for legal features', () => {
  const layers = fc.record({
    teacherLayer: fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined }),
    studentLayer: fc.option(fc.integer({ min: 0, max: 1 }), { nil: undefined }),
  });
  const feature = fc.constantFrom(...(Object.keys(DISTANCES) as (keyof typeof DISTANCES)[])).chain((kind) =>
    fc.record({
      kind: fc.constant(kind),
      distance: fc.option(fc.constantFrom(...DISTANCES[kind]), { nil: undefined }),
      weight: fc.double({ min: 1e-6, max: 1000, noNaN: true }),
      layers: kind === 'embedding' ? fc.constant({}) : layers,
    }),
  );

  it('asks the teacher for each thing once', () => {
    fc.assert(
      fc.property(fc.array(feature, { minLength: 1, maxLength: 16 }), (drawn) => {
        const features = drawn.map(({ layers: chosen, ...rest }) => JSON.parse(JSON.stringify({ ...rest, ...chosen })));
        const spec = resolveSpec({ student: encoder, features });
        const plan = planFeatures(spec.features ?? []);
        expect(new Set(plan.requests.map((request) => JSON.stringify(request))).size).toBe(plan.requests.length);
        expect(plan.features.map(({ reads }) => reads.length)).toEqual(
          features.map(({ kind }) => (kind === 'query-key-relation' ? 2 : 1)),
        );
        expect(new Set(plan.features.flatMap(({ reads }) => reads)).size).toBe(plan.requests.length);
      }),
      { numRuns: 50 },
    );
  });
});
