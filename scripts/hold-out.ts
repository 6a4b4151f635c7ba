/**
 * Makes a validation split where a dataset has none: of each label's training rows, a share drawn by a seed becomes `valid`.
 *
 *     tsx --conditions=retort-source scripts/hold-out.ts data.jsonl 0.1 7 > held-out.jsonl
 */
import { createReadStream } from 'node:fs';
import type { Row } from '@retort/contracts';
import { Random } from '@retort/learn';
import { readRows } from '@retort/text';

const [path, share = '0.1', seed = '1'] = process.argv.slice(2);
if (path === undefined) throw new Error('Usage: hold-out.ts <data.jsonl> [share] [seed]');
const rows: Row[] = [];
for await (const read of readRows(createReadStream(path), { format: 'jsonl' })) if ('row' in read) rows.push(read.row);

const training = rows.filter(({ split, label }) => split === 'train' && label !== undefined);
const byLabel = new Map<string, Row[]>();
for (const row of training) byLabel.set(row.label!, [...(byLabel.get(row.label!) ?? []), row]);
const held = new Set<Row>();
const random = new Random(Number(seed));
for (const own of byLabel.values()) {
  const order = random.shuffle(Int32Array.from(own.keys()));
  for (const row of order.subarray(0, Math.round(own.length * Number(share)))) held.add(own[row]);
}
for (const row of rows) process.stdout.write(`${JSON.stringify(held.has(row) ? { ...row, split: 'valid' } : row)}\n`);
