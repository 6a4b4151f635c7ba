import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Row, SPLITS, type Split } from '@retort/contracts';
import { normalizeText, readRows } from '@retort/text';
import { sharedPath } from '../../support/shared.ts';

export const DATA_SETS = ['clinc150', 'banking77', 'snips', 'metatool'] as const;
export type DataName = (typeof DATA_SETS)[number];

/** Label of the rows that belong to no other: only clinc150 has such. */
export const OUT_OF_SCOPE = 'oos';

/** What the results page says of a data set. */
export interface DataFacts {
  /** Rows in scope that are left, by split. */
  rows: Record<Split, number>;
  /** Rows out of scope, by split: only those of the test split are used. */
  outOfScope: Record<Split, number>;
  labels: number;
  /** Rows that were removed because their text stands in a split that measures. */
  duplicates: { train: number; valid: number };
  /** Of the file, hexadecimal. */
  sha256: string;
}

export interface DataSet {
  name: DataName;
  rows: Row[];
  facts: DataFacts;
}

/** What the texts of more requests are taken from: other data sets, and one that is used for nothing else. */
export type TextSource = DataName | 'sgd';

/** Why a data set cannot be used here, or undefined where it can. */
export function whyNoData(name: TextSource): string | undefined {
  return sharedPath(fileOf(name)) === undefined ? `../shared/${fileOf(name)} is absent` : undefined;
}

const fileOf = (name: TextSource) => `data/${name}/data.jsonl`;

async function readBytes(name: TextSource): Promise<Buffer> {
  const path = sharedPath(fileOf(name));
  if (path === undefined) throw new Error(whyNoData(name));
  return readFile(path);
}

async function rowsOf(bytes: Buffer): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const read of readRows([bytes], { format: 'jsonl' })) if ('row' in read) rows.push(read.row);
  return rows;
}

/**
 * Reads a data set of the optional data beside the checkout, without exact duplicates between its splits.
 *
 * @param limit most rows of each label and split, to try the benchmark out; default: all
 */
export async function readDataSet(name: DataName, limit = Number.POSITIVE_INFINITY): Promise<DataSet> {
  const bytes = await readBytes(name);
  const { rows, removed } = withoutDuplicates(await rowsOf(bytes));
  const facts = factsOf(rows, removed, createHash('sha256').update(bytes).digest('hex'));
  return { name, rows: firstOfEach(rows, limit), facts };
}

/**
 * Removes what would be measured on texts that were learned: a training row whose text is also a validation or test text, and a
 * validation row whose text is also a test text. Texts are equal where they are the same string.
 */
export function withoutDuplicates(rows: readonly Row[]): { rows: Row[]; removed: DataFacts['duplicates'] } {
  const textsOf = (wanted: Split) => new Set(rows.filter(({ split }) => split === wanted).map(({ text }) => text));
  const [valid, test] = [textsOf('valid'), textsOf('test')];
  const removed = { train: 0, valid: 0 };
  const kept = rows.filter(({ text, split }) => {
    if (split === 'test' || !(test.has(text) || (split === 'train' && valid.has(text)))) return true;
    removed[split]++;
    return false;
  });
  return { rows: kept, removed };
}

function factsOf(rows: readonly Row[], duplicates: DataFacts['duplicates'], sha256: string): DataFacts {
  const outside = rows.filter(({ label }) => label === OUT_OF_SCOPE);
  const inside = inScope(rows);
  return {
    rows: countBySplit(inside),
    outOfScope: countBySplit(outside),
    labels: new Set(inside.map(({ label }) => label)).size,
    duplicates,
    sha256,
  };
}

/** The rows, and without a label the training texts of other data sets, as {@link withUnlabelled} adds them. */
export async function withMoreText(rows: readonly Row[], sources: readonly TextSource[]): Promise<Row[]> {
  const others: Row[] = [];
  for (const source of sources) others.push(...(await rowsOf(await readBytes(source))));
  return withUnlabelled(rows, others);
}

/**
 * The rows, and without a label the training texts of others, each once: none that equals one of the rows, whatever its split, but for case
 * and spaces (`normalizeText`).
 */
export function withUnlabelled(rows: readonly Row[], others: readonly Row[]): Row[] {
  const seen = new Set(rows.map(({ text }) => normalizeText(text)));
  const more = others.flatMap(({ text, split }): Row[] => {
    const normalized = normalizeText(text);
    if (split !== 'train' || seen.has(normalized)) return [];
    seen.add(normalized);
    return [{ text, split }];
  });
  return [...rows, ...more];
}

/** The rows that a teacher is trained on and accuracy is measured on. */
export function inScope(rows: readonly Row[]): Row[] {
  return rows.filter(({ label }) => label !== OUT_OF_SCOPE);
}

function countBySplit(rows: readonly Row[]): Record<Split, number> {
  const counts = { train: 0, valid: 0, test: 0 };
  for (const { split } of rows) counts[split]++;
  return counts;
}

function firstOfEach(rows: Row[], limit: number): Row[] {
  if (limit === Number.POSITIVE_INFINITY) return rows;
  const seen = new Map(SPLITS.map((split) => [split, new Map<string | undefined, number>()]));
  return rows.filter(({ label, split }) => {
    const counts = seen.get(split) as Map<string | undefined, number>;
    counts.set(label, (counts.get(label) ?? 0) + 1);
    return (counts.get(label) as number) <= limit;
  });
}
