import type { DistillationSpec, FieldProblem } from '@retort/contracts';
import { ignoresTeacher } from '@retort/learn';
import { compressionDataProblems } from '../compression/compression-problems.js';
import { type DatasetShape, inScope } from '../dataset/dataset-shape.js';
import { foreignLabel } from '../dataset/out-of-scope.js';
import { nameSome } from '../name-some.js';
import { softLabelProblems } from './soft-label-problems.js';

/**
 * Checks that a student can be trained on a dataset of this shape with a teacher of these labels, and measured on it. The label
 * `outOfScope` may be one that the teacher does not know; its rows are then neither learned from nor right or wrong.
 *
 * @returns one problem per finding, its path into the submission (`/dataset`, `/teacher`, `/spec/…`); none when all is well
 */
export function datasetProblems(
  shape: DatasetShape,
  teacherLabels: readonly string[],
  spec: Pick<DistillationSpec, 'loss' | 'softLabels' | 'compression' | 'outOfScope'>,
): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const foreign = foreignLabel(teacherLabels, spec.outOfScope);
  const { rows, labelled } = inScope(shape, foreign);
  if (rows.train === 0) {
    problems.push({ path: '/dataset', message: 'has no training text: give at least one row the split "train"' });
  } else if (labelled.train === 0 && ignoresTeacher(spec.loss)) {
    problems.push({
      path: '/spec/loss/lambda',
      message: 'is 1, which learns from labels alone, but no row of the split "train" has one: lower it',
    });
  }
  if (labelled.test === 0) {
    problems.push({
      path: '/dataset',
      message: 'has no labelled row in the split "test": the student could not be measured',
    });
  }
  if (teacherLabels.length < 2) {
    problems.push({ path: '/teacher', message: `has ${teacherLabels.length} label(s): a classifier needs at least 2` });
  }
  problems.push(...softLabelProblems({ rows, labelled }, teacherLabels.length, spec));
  problems.push(...compressionDataProblems({ rows, labelled }, spec.compression));
  const known = new Set(teacherLabels);
  const strange = Object.keys(shape.labels).filter((label) => !known.has(label) && label !== foreign);
  if (strange.length > 0) {
    problems.push({ path: '/dataset', message: `has labels that the teacher does not know: ${nameSome(strange)}` });
  }
  return problems;
}
