import { RetortError, type Row } from '@retort/contracts';
import { normalizeText } from '@retort/text';
import { inputHash } from './soft-labels.js';

/** Indexes into the rows, by the part they play. */
export interface RowParts {
  train: Int32Array;
  valid: Int32Array;
  test: Int32Array;
  /** Test rows that belong to none of the teacher's labels; those of the other splits have no part to play. */
  outOfScope: Int32Array;
}

/** One training row in this many validates, where the dataset brings no validation split. */
export const CARVED_SHARE = 10;

/**
 * Which rows train, validate and test. Without rows in the split `valid`, a tenth of the labelled training rows is set
 * aside, chosen by the hash of the text: stable across runs and machines, and equal texts stay together.
 *
 * Training rows without a label have no part to play where their text, under `normalizeText`, is one that is validated or tested on, that of a
 * labelled training row, or that of such a row before them.
 *
 * @param options.foreign the label of out-of-scope rows, where the teacher does not know it
 * @param options.generated how many of the rows, the last ones, were generated: they train, whatever their hash. Default 0.
 */
export function partition(
  rows: readonly Row[],
  { foreign, generated = 0 }: { foreign?: string; generated?: number } = {},
): RowParts {
  const isForeign = ({ label }: Row) => label !== undefined && label === foreign;
  const carve = !rows.some((row) => row.split === 'valid' && !isForeign(row));
  const given = rows.length - generated;
  const repeated = repeatedRows(rows.slice(0, given), isForeign);
  const parts: Record<keyof RowParts, number[]> = { train: [], valid: [], test: [], outOfScope: [] };
  for (const [i, row] of rows.entries()) {
    const { text, label, split } = row;
    if (isForeign(row)) {
      if (split === 'test') parts.outOfScope.push(i);
      continue;
    }
    if (repeated.has(i)) continue;
    const carved = carve && i < given && split === 'train' && label !== undefined && isCarved(text);
    parts[carved ? 'valid' : split].push(i);
  }
  return {
    train: Int32Array.from(parts.train),
    valid: Int32Array.from(parts.valid),
    test: Int32Array.from(parts.test),
    outOfScope: Int32Array.from(parts.outOfScope),
  };
}

/** @throws RetortError `RT_INVALID_DATASET` where no row is left to train on, which the counts of a dataset do not tell */
export function requireTrainingRows({ train }: RowParts): void {
  if (train.length > 0) return;
  throw new RetortError(
    'RT_INVALID_DATASET',
    'No text is left to train on: those of the split "train" are set aside for validation, or have no label and repeat a text of another split.',
  );
}

/** Indexes of the training rows without a label that repeat another text. */
function repeatedRows(rows: readonly Row[], isForeign: (row: Row) => boolean): Set<number> {
  const isBare = ({ label, split }: Row) => split === 'train' && label === undefined;
  const repeated = new Set<number>();
  if (!rows.some(isBare)) return repeated;
  const seen = new Set<string>();
  for (const row of rows) {
    if (!isBare(row) && (row.split === 'test' || !isForeign(row))) seen.add(keyOf(row));
  }
  for (const [i, row] of rows.entries()) {
    if (!isBare(row)) continue;
    const key = keyOf(row);
    if (seen.has(key)) repeated.add(i);
    else seen.add(key);
  }
  return repeated;
}

/** Texts of punctuation alone, of which nothing is left, are compared as they are. */
const keyOf = ({ text }: Row) => normalizeText(text) || text;

function isCarved(text: string): boolean {
  return Number.parseInt(inputHash(text).slice(0, 8), 16) % CARVED_SHARE === 0;
}
