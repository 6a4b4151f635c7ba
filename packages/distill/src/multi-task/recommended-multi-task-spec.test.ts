import { describe, expect, it } from 'vitest';
import type { DatasetShape } from '../dataset/dataset-shape.js';
import { recommendedSpec } from '../spec/recommended-spec.js';
import { recommendedMultiTaskSpec } from './recommended-multi-task-spec.js';

const shapeOf = (train: number): DatasetShape => {
  const split = { train, valid: 10, test: 10 };
  return { rows: split, labels: { a: split } };
};
const BERT = { layers: 6, width: 384, heads: 12 };

describe('what is recommended for several tasks', () => {
  const recommend = (input?: unknown, rows = [2000, 2000], teacher = { tokenizer: 'WordPiece', bert: BERT }) =>
    recommendedMultiTaskSpec(input, ['intent', 'tone'], { ...teacher, shapes: rows.map(shapeOf) });

  it('is the student, the training and the int8 of one task with the rows of all of them, and no transfer set', () => {
    for (const student of [undefined, { family: 'encoder' }]) {
      const alone = recommendedSpec(
        { student, transferSet: { multiply: 0 } },
        { tokenizer: 'WordPiece', bert: BERT, shape: shapeOf(4000) },
      );
      const { multiTask, ...several } = recommend({ student });
      const { student: one, loss, training, compression } = alone;
      expect(several).toEqual({ student: one, loss, training, compression });
      expect(multiTask).toEqual({ sampling: 1, tasks: {} });
    }
    expect(recommend(undefined, [2000, 2000], { tokenizer: 'BPE', bert: BERT }).student).toMatchObject({
      tokens: 'characters',
    });
  });

  it('counts the rows of small tasks as often as they come up', () => {
    const rows = [8000, 20];
    const { training } = recommend({ multiTask: { sampling: 0 } }, rows);
    expect(training.epochs).toBe(recommend({}, [8000, 8000]).training.epochs);
    expect(training.epochs).toBeLessThan(recommend({}, rows).training.epochs);
  });

  it('never undoes what was said', () => {
    const said = { student: { minGram: 3 }, loss: { temperature: 5 }, training: { epochs: 3 } };
    expect(recommend(said)).toMatchObject({ ...said, student: { tokens: 'characters', minGram: 3 } });
    expect(recommend({ compression: { steps: [] } })).not.toHaveProperty('compression');
    for (const wrong of [7, { transferSet: {} }, { student: 'auto' }, { training: 3 }]) {
      expect(() => recommend(wrong)).toThrow(expect.objectContaining({ code: 'RT_INVALID_SPEC' }));
    }
  });
});
