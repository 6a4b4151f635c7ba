import type { Row } from '@retort/contracts';
import { describe, expect, it } from 'vitest';
import { shapeOf } from '../dataset/dataset-shape.js';
import { resolveSpec } from '../spec/resolve-spec.js';
import { datasetProblems } from './dataset-problems.js';

const row = (split: Row['split'], label?: string): Row => ({ text: 'text', split, label });
const specOf = (lambda: number) => resolveSpec({ loss: { lambda } });
const paths = (rows: Row[], labels = ['a', 'b'], lambda = 0.3) =>
  datasetProblems(shapeOf(rows), labels, specOf(lambda)).map(({ path }) => path);

describe('datasetProblems', () => {
  it('finds none where there is text to train on and labels to measure by', () => {
    expect(paths([row('train', 'a'), row('test', 'b')])).toEqual([]);
    expect(paths([row('train'), row('test', 'b')])).toEqual([]);
  });

  it('wants training rows; unlabelled text of other splits is none', () => {
    expect(paths([row('test', 'a'), row('valid')])).toEqual(['/dataset']);
  });

  it('wants labelled rows where the loss knows labels only', () => {
    expect(paths([row('train'), row('test', 'a')], ['a', 'b'], 1)).toEqual(['/spec/loss/lambda']);
  });

  it('wants labelled test rows, two labels, and no label that the teacher does not know', () => {
    expect(paths([row('train', 'a'), row('test')])).toEqual(['/dataset']);
    expect(paths([row('train', 'a'), row('test', 'a')], ['a'])).toEqual(['/teacher']);
    const many = Array.from({ length: 8 }, (_, i) => row('train', `strange ${i}`));
    const [problem] = datasetProblems(shapeOf([...many, row('test', 'a')]), ['a', 'b'], resolveSpec());
    expect(problem.message).toMatch(/"strange 0".*and 3 more/);
  });

  it('wants what the adjustment of soft labels needs: labels to fit and to correct by, more classes than are kept', () => {
    const adjusted = (rows: Row[], softLabels: object) =>
      datasetProblems(shapeOf(rows), ['a', 'b', 'c'], resolveSpec({ softLabels })).map(({ path }) => path);
    const labelled = [row('train', 'a'), row('test', 'b')];
    expect(adjusted([...labelled, row('valid', 'a')], { topK: 2, calibrate: true, correct: 0.5 })).toEqual([]);
    // What is set aside of the training rows the teacher may have learned.
    expect(adjusted(labelled, { calibrate: true })).toEqual(['/spec/softLabels/calibrate']);
    expect(adjusted(labelled, { topK: 3 })).toEqual(['/spec/softLabels/topK']);
    expect(adjusted([...labelled, row('valid')], { calibrate: true })).toEqual(['/spec/softLabels/calibrate']);
    const unlabelled = [row('train'), row('valid', 'a'), row('test', 'b')];
    expect(adjusted(unlabelled, { calibrate: true, correct: 0.5 })).toEqual(['/spec/softLabels/correct']);
  });

  it('wants labelled rows also where a schedule ends in labels alone from its start', () => {
    const staged = (lambda: number) =>
      datasetProblems(
        shapeOf([row('train'), row('test', 'a')]),
        ['a', 'b'],
        resolveSpec({ loss: { schedule: { stages: [{ until: 1, lambda }] } } }),
      ).map(({ path }) => path);
    expect([staged(0.5), staged(1)]).toEqual([[], ['/spec/loss/lambda']]);
  });

  it('lets rows out of scope be where the teacher does not know their label, but counts none of them', () => {
    const outside = [row('train', 'oos'), row('test', 'oos')];
    expect(paths([row('train', 'a'), row('test', 'b'), ...outside])).toEqual([]);
    expect(paths(outside)).toEqual(['/dataset', '/dataset']);
    // To a teacher that knows it, it is a label like any other.
    expect(paths(outside, ['a', 'oos'])).toEqual([]);
    const [problem] = datasetProblems(shapeOf([row('train', 'a'), row('test', 'a'), row('test', 'none')]), ['a', 'b'], {
      ...specOf(0.3),
      outOfScope: 'nothing',
    });
    expect(problem.message).toMatch(/"none"/);
  });
});
