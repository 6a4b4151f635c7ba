import type { TeacherQueries, TransferSetSpec } from '@retort/contracts';
import { type DatasetShape, inScope, type RowCounts } from '../dataset/dataset-shape.js';
import { CARVED_SHARE } from '../dataset/split-rows.js';

/** Rows of all splits, out-of-scope ones included. */
export function rowsOf({ rows }: Pick<DatasetShape, 'rows'>): number {
  return rows.train + rows.valid + rows.test;
}

/**
 * Most texts that a transfer set can come to have: `multiply` for each source, at most `maxTexts`.
 *
 * @param counts of the rows in scope
 */
export function mostGenerated({ rows, labelled }: RowCounts, spec: TransferSetSpec | undefined): number {
  if (spec === undefined) return 0;
  return Math.min(spec.maxTexts, spec.multiply * (spec.includeUnlabelled ? rows.train : labelled.train));
}

/** Most rows that a distillation can come to label: those of the data and of the transfer set. */
export function mostRows(shape: DatasetShape, spec: TransferSetSpec | undefined): number {
  return rowsOf(shape) + mostGenerated(inScope(shape, undefined), spec);
}

/**
 * What a distillation costs in questions to its teachers, before it begins: to each one for each row, and one for each generated text. The
 * bound holds always. The estimate leaves out what will be set aside for validation, of which no texts are made, and takes it that every
 * other text can be varied as often as asked; few or short texts and a single strategy give less, since what is equal is dropped.
 *
 * @param options.teachers how many there are; default 1
 * @param options.foreign the label of out-of-scope rows, where the teachers do not know it: of these no texts are made
 */
export function estimateTeacherQueries(
  shape: DatasetShape,
  spec: TransferSetSpec | undefined,
  { teachers = 1, foreign }: { teachers?: number; foreign?: string } = {},
): TeacherQueries {
  const { rows, labelled } = inScope(shape, foreign);
  const carved = rows.valid === 0 ? Math.round(labelled.train / CARVED_SHARE) : 0;
  const sources = {
    rows: { ...rows, train: rows.train - carved },
    labelled: { ...labelled, train: labelled.train - carved },
  };
  const estimated = rowsOf(shape) + mostGenerated(sources, spec);
  return { upperBound: teachers * mostRows(shape, spec), estimated: teachers * estimated };
}
