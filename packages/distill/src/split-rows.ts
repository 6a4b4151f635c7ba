import type { Row } from '@retort/contracts';
import { inputHash } from './soft-labels.js';

/** Indexes into the rows, by the part they play. */
export interface RowParts {
  train: Int32Array;
  valid: Int32Array;
  test: Int32Array;
}

/** One training row in this many validates, where the dataset brings no validation split. */
export const CARVED_SHARE = 10;

/**
 * Which rows train, validate and test. Without rows in the split `valid`, a tenth of the labelled training rows is set
 * aside, chosen by the hash of the text: stable across runs and machines, and equal texts stay together.
 *
 * @param generated how many of the rows, the last ones, were generated: they train, whatever their hash
 */
export function partition(rows: readonly Row[], generated = 0): RowParts {
  const carve = !rows.some(({ split }) => split === 'valid');
  const given = rows.length - generated;
  const parts: Record<keyof RowParts, number[]> = { train: [], valid: [], test: [] };
  for (const [i, { text, label, split }] of rows.entries()) {
    const carved = carve && i < given && split === 'train' && label !== undefined && isCarved(text);
    parts[carved ? 'valid' : split].push(i);
  }
  return {
    train: Int32Array.from(parts.train),
    valid: Int32Array.from(parts.valid),
    test: Int32Array.from(parts.test),
  };
}

function isCarved(text: string): boolean {
  return Number.parseInt(inputHash(text).slice(0, 8), 16) % CARVED_SHARE === 0;
}
