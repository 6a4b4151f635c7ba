import { describe, expect, it } from 'vitest';
import type { DatasetShape } from '../dataset/dataset-shape.js';
import { resolveSpec } from '../spec/resolve-spec.js';
import { checkTeachers } from './ensemble-problems.js';

const FULL = ['a', 'b', 'c'];
const PART = ['b', 'c'];
const split = { train: 10, valid: 5, test: 5 };
const shape: DatasetShape = { rows: split, labels: { a: split } };

/** Path and message of every problem, of the section by itself or else with the teachers. */
function problemsOf(ensemble: object, teachers: string[][] = [FULL, FULL], data = shape): string[] {
  try {
    const spec = resolveSpec({ ensemble });
    return checkTeachers(spec.ensemble, teachers, data).problems.map(({ path, message }) => `${path} ${message}`);
  } catch (error) {
    const { problems } = error as { problems: { path: string; message: string }[] };
    return problems.map(({ path, message }) => `${path} ${message}`);
  }
}

describe('the section ensemble', () => {
  it('has defaults, and is absent where it is not named', () => {
    expect(resolveSpec({}).ensemble).toBeUndefined();
    expect(resolveSpec({ ensemble: {} }).ensemble).toEqual({
      combine: 'probabilities',
      weighting: { by: 'fixed' },
      calibrate: true,
    });
  });

  it.each([
    [{ combine: 'votes' }, '/ensemble/combine'],
    [{ weights: [0, 0] }, '/ensemble/weights are all 0'],
    [{ weights: [-1, 1] }, '/ensemble/weights/0'],
    [{ labelMaps: [null, {}] }, '/ensemble/labelMaps/1'],
    [{ labels: ['a', 'b', 'a'] }, '/ensemble/labels names labels twice: "a"'],
    [{ weighting: { by: 'skill', measure: 'entropy' } }, '/ensemble/weighting/measure is of weighting by confidence'],
    [{ weighting: { sharpness: 3 } }, '/ensemble/weighting/sharpness is of weighting by confidence, skill, agreement'],
    [{ weighting: { by: 'confidence', smoothing: 3 } }, '/ensemble/weighting/smoothing is of weighting by skill'],
    [{ weighting: { by: 'route' } }, '/ensemble/routes is missing'],
    [{ routes: [FULL, null] }, '/ensemble/routes is of weighting by route, not by fixed'],
    [{ weighting: { by: 'route' }, routes: [FULL, ['b']] }, '/ensemble/routes name labels twice: "b"'],
    [{ weighting: { by: 'luck' } }, '/ensemble/weighting/by'],
    [{ vote: true }, '/ensemble/vote is not a field of the spec'],
  ])('is refused with %o', (ensemble, problem) => {
    expect(problemsOf(ensemble)).toContainEqual(expect.stringContaining(problem));
  });
});

describe('an ensemble and its teachers', () => {
  it.each([
    [{}, [FULL], '/spec/ensemble combines several teachers, but there is one'],
    [
      { weights: [1, 2, 3] },
      [FULL, FULL],
      '/spec/ensemble/weights must have one entry for each of the 2 teachers, got 3',
    ],
    [
      { labelMaps: [null] },
      [FULL, FULL],
      '/spec/ensemble/labelMaps must have one entry for each of the 2 teachers, got 1',
    ],
    [{ weighting: { by: 'route' }, routes: [FULL] }, [FULL, FULL], '/spec/ensemble/routes must have one entry'],
    [
      { labelMaps: [null, { z: 'a' }] },
      [FULL, FULL],
      '/spec/ensemble/labelMaps/1 names labels that the teacher has not: "z"',
    ],
    [
      { labelMaps: [null, { a: 'q' }] },
      [FULL, FULL],
      '/spec/ensemble/labelMaps/1 maps onto what is no label of the student: "q"',
    ],
    [
      {},
      [FULL, ['a', 'b', 'x', 'y']],
      '/spec/ensemble/labelMaps/1 must say what becomes of labels that the student has not (null drops one): "x", "y"',
    ],
    [
      { labelMaps: [null, { a: null, b: null }] },
      [FULL, FULL],
      "/spec/ensemble/labelMaps/1 leaves teacher 1 with 1 of the student's 3 labels",
    ],
    [{ labels: ['a', 'b', 'c', 'd'] }, [FULL, ['c', 'd']], '/spec/ensemble/labels no teacher knows all 4 labels'],
    [{ weights: [0, 1] }, [FULL, PART], '/spec/ensemble/weights are 0 for every teacher that knows all labels'],
    [
      { weighting: { by: 'agreement' } },
      [FULL, FULL],
      '/spec/ensemble/weighting/by is agreement, which needs at least 3',
    ],
    [
      { weighting: { by: 'route' }, routes: [['a'], ['b']] },
      [FULL, FULL],
      '/spec/ensemble/routes leave labels to no teacher: "c"',
    ],
    [
      { weighting: { by: 'route' }, routes: [['b', 'c', 'q'], ['a']] },
      [FULL, FULL],
      '/spec/ensemble/routes/0 names what is no label of the student: "q"',
    ],
    [
      { weighting: { by: 'route' }, routes: [['c'], ['a', 'b']] },
      [FULL, PART],
      '/spec/ensemble/routes/1 names labels that teacher 1 does not know: "a"',
    ],
  ])('%o with teachers of %j is refused', (ensemble, teachers, problem) => {
    expect(problemsOf(ensemble, teachers)).toContainEqual(expect.stringContaining(problem));
  });

  it('that weigh by skill need labelled rows that the teachers have not learned', () => {
    const skill = { weighting: { by: 'skill' } };
    expect(problemsOf(skill)).toEqual([]);
    const unlabelled = { ...shape, labels: { a: { ...split, valid: 0 } } };
    expect(problemsOf(skill, [FULL, FULL], unlabelled)[0]).toContain('/spec/ensemble/weighting/by is skill');
    const unsplit = { ...unlabelled, rows: { ...shape.rows, valid: 0 } };
    expect(problemsOf(skill, [FULL, FULL], unsplit)[0]).toContain('/spec/ensemble/weighting/by is skill');
  });

  it('find the labels of the student', () => {
    const labelsOf = (ensemble: object, teachers: string[][]) => {
      const { labels, problems } = checkTeachers(resolveSpec({ ensemble }).ensemble, teachers);
      expect(problems).toEqual([]);
      return labels;
    };
    expect(labelsOf({}, [FULL, ['c', 'b', 'a']])).toEqual(FULL);
    expect(labelsOf({ labelMaps: [{ a: 'x', b: 'x' }, { b: 'x' }] }, [FULL, PART])).toEqual(['x', 'c']);
    expect(labelsOf({ labels: ['c', 'b'], labelMaps: [{ a: null }, null] }, [FULL, PART])).toEqual(['c', 'b']);
    expect(checkTeachers(undefined, [FULL]).labels).toBe(FULL);
  });
});
