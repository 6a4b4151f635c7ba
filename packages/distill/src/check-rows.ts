import type { DistillationSpec, FieldProblem, Row, Split } from '@retort/contracts';
import { ignoresTeacher } from '@retort/learn';
import { compressionDataProblems } from './compression/compression-problems.js';
import { nameSome } from './name-some.js';
import { softLabelProblems } from './soft-label-problems.js';

/** What a dataset must hold to be distilled on, as counts, so that the API can check it without reading the rows. */
export interface DatasetShape {
  /** Rows per split. */
  rows: Record<Split, number>;
  /** Those of them that have a label. */
  labelled: Record<Split, number>;
  /** Distinct labels that stand in the rows. */
  labels: string[];
}

/** Counts the rows of a dataset in one pass. */
export function shapeOf(rows: readonly Row[]): DatasetShape {
  const rowsPerSplit = { train: 0, valid: 0, test: 0 };
  const labelled = { train: 0, valid: 0, test: 0 };
  const labels = new Set<string>();
  for (const { label, split } of rows) {
    rowsPerSplit[split]++;
    if (label === undefined) continue;
    labelled[split]++;
    labels.add(label);
  }
  return { rows: rowsPerSplit, labelled, labels: [...labels].sort() };
}

/**
 * Checks that a student can be trained on a dataset of this shape with a teacher of these labels, and measured on it.
 *
 * @returns one problem per finding, its path into the submission (`/dataset`, `/teacher`, `/spec/…`); none when all is well
 */
export function datasetProblems(
  shape: DatasetShape,
  teacherLabels: readonly string[],
  spec: Pick<DistillationSpec, 'loss' | 'softLabels' | 'compression'>,
): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (shape.rows.train === 0) {
    problems.push({ path: '/dataset', message: 'has no training text: give at least one row the split "train"' });
  } else if (shape.labelled.train === 0 && ignoresTeacher(spec.loss)) {
    problems.push({
      path: '/spec/loss/lambda',
      message: 'is 1, which learns from labels alone, but no row of the split "train" has one: lower it',
    });
  }
  if (shape.labelled.test === 0) {
    problems.push({
      path: '/dataset',
      message: 'has no labelled row in the split "test": the student could not be measured',
    });
  }
  if (teacherLabels.length < 2) {
    problems.push({ path: '/teacher', message: `has ${teacherLabels.length} label(s): a classifier needs at least 2` });
  }
  problems.push(...softLabelProblems(shape, teacherLabels.length, spec));
  problems.push(...compressionDataProblems(shape, spec.compression));
  const known = new Set(teacherLabels);
  const strange = shape.labels.filter((label) => !known.has(label));
  if (strange.length > 0) {
    problems.push({ path: '/dataset', message: `has labels that the teacher does not know: ${nameSome(strange)}` });
  }
  return problems;
}
