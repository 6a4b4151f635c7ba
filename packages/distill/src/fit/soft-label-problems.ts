import type { DistillationSpec, FieldProblem } from '@retort/contracts';
import type { RowCounts } from '../dataset/dataset-shape.js';

/**
 * What is wrong with how the spec adjusts the soft labels of such a dataset.
 *
 * @param classes the teacher's labels
 */
export function softLabelProblems(
  { labelled }: RowCounts,
  classes: number,
  { softLabels }: Pick<DistillationSpec, 'softLabels'>,
): FieldProblem[] {
  if (softLabels === undefined) return [];
  const problems: FieldProblem[] = [];
  const problem = (field: string, message: string) => problems.push({ path: `/spec/softLabels/${field}`, message });
  const { topK, calibrate, correct } = softLabels;
  if (topK !== undefined && topK >= classes) {
    problem('topK', `must be below the number of labels of the teacher (${classes}), got ${topK}`);
  }
  // What is set aside of the training rows to validate the student does not do: on rows that it learned a teacher is surer than on others.
  if (calibrate && labelled.valid === 0) {
    problem(
      'calibrate',
      'fits a temperature to labelled rows of the split "valid", and there is none: give some, or remove it',
    );
  }
  if (correct > 0 && labelled.train === 0) {
    problem('correct', 'is above 0, but no row of the split "train" has a label to correct the teacher by: remove it');
  }
  return problems;
}
