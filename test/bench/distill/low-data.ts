import type { Row } from '@retort/contracts';
import { Random } from '@retort/learn';

/**
 * The same data where people have labelled only a few examples: `perClass` training rows of each label, drawn by the seed, keep
 * theirs, the other training rows are text without a label. The validation rows are left out, so that no further label is seen.
 *
 * @param labelledOnly leave the text without labels out too, as for a student that learns from labels alone
 */
export function fewLabels(
  rows: readonly Row[],
  { perClass, seed, labelledOnly = false }: { perClass: number; seed: number; labelledOnly?: boolean },
): Row[] {
  const byLabel = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.split !== 'train' || row.label === undefined) continue;
    byLabel.set(row.label, [...(byLabel.get(row.label) ?? []), row]);
  }
  const random = new Random(seed);
  const kept = new Set<Row>();
  for (const [, own] of [...byLabel].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const order = random.shuffle(Int32Array.from(own.keys()));
    for (const at of order.subarray(0, perClass)) kept.add(own[at]);
  }
  return rows.flatMap((row): Row[] => {
    if (row.split === 'valid') return [];
    if (row.split === 'test' || kept.has(row)) return [row];
    return labelledOnly ? [] : [{ text: row.text, split: row.split }];
  });
}
