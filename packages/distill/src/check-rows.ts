import { type DistillationSpec, type FieldProblem, type Row, SPLITS, type Split } from '@retort/contracts';
import { ignoresTeacher } from '@retort/learn';
import { compressionDataProblems } from './compression/compression-problems.js';
import { nameSome } from './name-some.js';
import { foreignLabel } from './out-of-scope.js';
import { softLabelProblems } from './soft-label-problems.js';

/** What a dataset must hold to be distilled on, as counts, so that the API can check it without reading the rows. */
export interface DatasetShape {
  /** Rows per split. */
  rows: Record<Split, number>;
  /** Rows of each label that stands in the data, per split. */
  labels: Record<string, Record<Split, number>>;
}

/** Counts the rows of a dataset in one pass. */
export function shapeOf(rows: readonly Row[]): DatasetShape {
  const none = () => ({ train: 0, valid: 0, test: 0 });
  const rowsPerSplit = none();
  const labels = new Map<string, Record<Split, number>>();
  for (const { label, split } of rows) {
    rowsPerSplit[split]++;
    if (label === undefined) continue;
    const counts = labels.get(label) ?? none();
    counts[split]++;
    labels.set(label, counts);
  }
  return { rows: rowsPerSplit, labels: Object.fromEntries([...labels].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** Rows by what may be learned from them. */
export interface RowCounts {
  /** Rows per split. */
  rows: Record<Split, number>;
  /** Those of them that have a label. */
  labelled: Record<Split, number>;
}

/** The rows without those out of scope, whose label the teacher does not know. */
export function inScope(shape: DatasetShape, foreign: string | undefined): RowCounts {
  const rows = { ...shape.rows };
  const labelled = { train: 0, valid: 0, test: 0 };
  for (const [label, counts] of Object.entries(shape.labels)) {
    for (const split of SPLITS) {
      if (label === foreign) rows[split] -= counts[split];
      else labelled[split] += counts[split];
    }
  }
  return { rows, labelled };
}

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
