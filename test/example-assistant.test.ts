import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Row, SPLITS } from '@retort/contracts';
import { findNearDuplicates, readRows } from '@retort/text';
import { beforeAll, describe, expect, it } from 'vitest';

const DATA = fileURLToPath(new URL('../examples/assistant/data.jsonl', import.meta.url));

describe('the assistant example', () => {
  const rows: Row[] = [];
  const rejected: unknown[] = [];

  beforeAll(async () => {
    for await (const read of readRows(createReadStream(DATA), { format: 'jsonl' })) {
      if ('row' in read) rows.push(read.row as Row);
      else rejected.push(read);
    }
  });

  it('has no row that is refused', () => {
    expect(rejected).toEqual([]);
  });

  it('has at least 24 intents and out-of-scope, each with 40 utterances and in every split', () => {
    const counts = new Map<string, Map<string, number>>();
    for (const { label, split } of rows) {
      if (label === undefined) continue;
      const splits = counts.get(label) ?? new Map();
      counts.set(label, splits.set(split, (splits.get(split) ?? 0) + 1));
    }
    expect(counts.has('oos')).toBe(true);
    expect(counts.size).toBeGreaterThanOrEqual(25);
    for (const [label, splits] of counts) {
      expect(
        [...splits.values()].reduce((sum, count) => sum + count),
        label,
      ).toBeGreaterThanOrEqual(40);
      expect([...splits.keys()].sort(), label).toEqual([...SPLITS].sort());
    }
  });

  it('has no near-duplicates across splits (character 3-grams, Jaccard 0.6)', () => {
    const pairs = findNearDuplicates(
      rows.map(({ text }) => text),
      0.6,
    );
    const across = pairs.filter(({ a, b }) => rows[a].split !== rows[b].split);
    expect(across.map(({ a, b }) => [rows[a].text, rows[b].text])).toEqual([]);
  });
});
