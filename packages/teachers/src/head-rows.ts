import { RetortError, type Row, type Split } from '@retort/contracts/values';

/** The labelled rows of a dataset, by split, as the head is trained on them. */
export interface HeadRows {
  /** In the order of the logits. */
  labels: string[];
  texts: Record<Split, string[]>;
  /** Index into `labels` of each text. */
  classes: Record<Split, Int32Array>;
}

/**
 * Sorts out the rows for a head. Unlabelled rows are left out.
 *
 * @param labels default: the distinct labels of the training rows, sorted
 * @throws RetortError `RT_INVALID_DATASET` where there are fewer than two labels, or one of them has no training row
 */
export function headRows(rows: readonly Row[], labels?: readonly string[]): HeadRows {
  const labelled = rows.filter((row): row is Row & { label: string } => row.label !== undefined);
  const trained = new Set(labelled.filter(({ split }) => split === 'train').map(({ label }) => label));
  const names = labels === undefined ? [...trained].sort() : [...labels];
  if (names.length < 2) {
    throw new RetortError(
      'RT_INVALID_DATASET',
      `The rows of the split "train" have ${names.length} label(s): a classifier needs at least 2.`,
    );
  }
  const known = new Map(names.map((name, index) => [name, index]));
  const untrained =
    names.find((name) => !trained.has(name)) ?? labelled.find(({ label }) => !trained.has(label))?.label;
  if (untrained !== undefined) {
    throw new RetortError(
      'RT_INVALID_DATASET',
      `The label "${untrained}" has no row in the split "train" to learn it from.`,
    );
  }
  const strange = labelled.find(({ label }) => !known.has(label));
  if (strange !== undefined) {
    throw new RetortError(
      'RT_INVALID_DATASET',
      `The label "${strange.label}" is not one of the ${names.length} labels asked for.`,
    );
  }
  const of = <T>(split: Split, take: (row: Row & { label: string }) => T): T[] =>
    labelled.filter((row) => row.split === split).map(take);
  const per = <T>(make: (split: Split) => T) => ({ train: make('train'), valid: make('valid'), test: make('test') });
  return {
    labels: names,
    texts: per((split) => of(split, ({ text }) => text)),
    classes: per((split) => Int32Array.from(of(split, ({ label }) => known.get(label)!))),
  };
}
