import { type Row, SPLITS, type Split } from '@retort/contracts';

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
