import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RetortError } from '@retort/contracts';
import { distill, resolveSpec } from '@retort/distill';
import { openTextClassifier } from '@retort/text';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SpecForTeachers, specsForTeachers } from './support/spec-arbitrary.ts';
import { writeToyBert } from './support/toy-bert.ts';
import { TOY_LABELS, toyRows, writeToyTeacher } from './support/toy-teacher.ts';

/** Other specs than these: `RETORT_SPECS_SEED=7 npx vitest run test/random-specs.test.ts`, with RETORT_SPECS_RUNS of them. */
const SEED = Number(process.env.RETORT_SPECS_SEED ?? 2015);
const RUNS = Number(process.env.RETORT_SPECS_RUNS ?? 4);

/** Where a problem may lie: within one section of the spec. */
const SECTION = /^\/(student|loss|softLabels|features|transferSet|ensemble|progressive|compression)(\/|$)/;

/** What `resolveSpec` has against a spec; undefined where it is legal. */
function refusal({ spec }: SpecForTeachers): unknown {
  try {
    resolveSpec(spec);
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Pointers to all numbers that are not finite: a NaN anywhere in the metrics shows. */
function unfinite(value: unknown, path = ''): string[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [`${path} is ${value}`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => unfinite(inner, `${path}/${key}`));
}

describe('a random spec', () => {
  let work: string;
  let made = 0;
  // Some without a label, as text that was only collected.
  const rows = toyRows(90).map((row, i) => (row.split === 'train' && i % 7 === 0 ? { ...row, label: undefined } : row));

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'retort-random-'));
    writeToyBert(join(work, 'bert'));
    await writeToyTeacher(join(work, 'letters'));
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  it('is legal, or refused for reasons that name their fields', () => {
    const drawn = fc.sample(specsForTeachers, { numRuns: 400, seed: SEED });
    const refusals = drawn.map(refusal).filter((error) => error !== undefined);
    for (const error of refusals) {
      expect(error).toBeInstanceOf(RetortError);
      const { code, problems = [] } = error as RetortError;
      expect(code).toBe('RT_INVALID_SPEC');
      expect(problems.length).toBeGreaterThan(0);
      for (const { path, message } of problems) {
        expect(path).toMatch(SECTION);
        expect(message).not.toBe('');
      }
    }
    // Otherwise what follows would run few of the combinations, or no combination would be illegal.
    const legal = 1 - refusals.length / drawn.length;
    expect(legal).toBeGreaterThan(0.12);
    expect(legal).toBeLessThan(0.8);
  });

  it('distils, where it is legal, into a student that answers', async () => {
    const legal = specsForTeachers.filter((drawn) => refusal(drawn) === undefined);
    await fc.assert(fc.asyncProperty(legal, expectDistils), { numRuns: RUNS, seed: SEED, endOnFailure: true });
  });

  async function expectDistils({ teachers, spec }: SpecForTeachers): Promise<void> {
    const outDir = join(work, `student-${made++}`);
    const { metrics, report } = await distill({
      ...{ rows, spec: resolveSpec(spec), outDir },
      teachers: teachers.map((name) => ({ dir: join(work, name) })),
    });
    expect(unfinite({ metrics, report })).toEqual([]);
    for (const share of [metrics.student.accuracy, metrics.student.agreement]) {
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(1);
    }
    expect(metrics.compression?.length).toBe(spec.compression?.steps?.length);
    const student = await openTextClassifier(outDir, { placement: 'inline' });
    const logits = await student.logits(['abc abc', 'xyz']);
    expect(logits).toHaveLength(2 * TOY_LABELS.length);
    expect(logits.every(Number.isFinite)).toBe(true);
    await student.close();
  }
});
