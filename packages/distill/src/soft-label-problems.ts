import type { DistillationSpec, FieldProblem } from '@retort/contracts';
import type { RowCounts } from './check-rows.js';

/**
 * What is wrong with how the spec adjusts the soft labels of such a dataset.
 *
 * @param classes the teacher's labels
 */
export function softLabelProblems(
  { rows, labelled }: RowCounts,
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
  // Without a split "valid", labelled training rows are held out for it.
  const validates = labelled.valid > 0 || (rows.valid === 0 && labelled.train > 0);
  if (calibrate && !validates) {
    problem('calibrate', 'needs labelled rows to fit the temperature to: give some the split "valid", or remove it');
  }
  if (correct > 0 && labelled.train === 0) {
    problem('correct', 'is above 0, but no row of the split "train" has a label to correct the teacher by: remove it');
  }
  return problems;
}
