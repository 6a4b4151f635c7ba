import type { TeacherQueries, TransferSetSpec } from '@retort/contracts';
import type { DatasetShape } from '../check-rows.js';
import { CARVED_SHARE } from '../split-rows.js';

/** The counts of a data set that decide how many texts are made of it. */
export type RowCounts = Pick<DatasetShape, 'rows' | 'labelled'>;

/** Rows of all splits. */
export function rowsOf({ rows }: RowCounts): number {
  return rows.train + rows.valid + rows.test;
}

/** Most texts that a transfer set can come to have: `multiply` for each source, at most `maxTexts`. */
export function mostGenerated({ rows, labelled }: RowCounts, spec: TransferSetSpec | undefined): number {
  if (spec === undefined) return 0;
  return Math.min(spec.maxTexts, spec.multiply * (spec.includeUnlabelled ? rows.train : labelled.train));
}

/** Most rows that a distillation can come to label: those of the data and of the transfer set. */
export function mostRows(counts: RowCounts, spec: TransferSetSpec | undefined): number {
  return rowsOf(counts) + mostGenerated(counts, spec);
}

/**
 * What a distillation costs in questions to its teachers, before it begins: to each one for each row, and one for each generated text. The
 * bound holds always. The estimate leaves out what will be set aside for validation, of which no texts are made, and takes it that every
 * other text can be varied as often as asked; few or short texts and a single strategy give less, since what is equal is dropped.
 */
export function estimateTeacherQueries(
  counts: RowCounts,
  spec: TransferSetSpec | undefined,
  teachers = 1,
): TeacherQueries {
  const { train } = counts.labelled;
  const carved = counts.rows.valid === 0 ? Math.round(train / CARVED_SHARE) : 0;
  const sources = {
    rows: { ...counts.rows, train: counts.rows.train - carved },
    labelled: { ...counts.labelled, train: train - carved },
  };
  const estimated = rowsOf(counts) + mostGenerated(sources, spec);
  return { upperBound: teachers * mostRows(counts, spec), estimated: teachers * estimated };
}
