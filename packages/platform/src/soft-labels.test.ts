import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/servers.ts';
import { connectDatabase, type Database } from './database/connect.js';
import { createSoftLabelStore, type SoftLabelStore } from './soft-labels.js';

let fresh: TestDatabase;
let database: Database;
let store: SoftLabelStore;
beforeAll(async () => {
  fresh = await testDatabase();
  database = connectDatabase(fresh.url);
  store = createSoftLabelStore(database);
});
afterAll(async () => {
  await database.close();
  await fresh.drop();
});

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const entry = (text: string, ...logits: number[]) => ({ hash: hashOf(text), logits: Float32Array.from(logits) });

describe('soft labels', () => {
  it('come back bit for bit, in the order asked, undefined where unknown', async () => {
    const odd = entry('odd', Number.NaN, -0, Number.POSITIVE_INFINITY, 1e-45, 3.4e38);
    await store.put('t', [odd, entry('even', 1, 2, 3, 4, 5)]);
    const [even, unknown, first, twice] = await store.get('t', ['even', 'unknown', 'odd', 'even'].map(hashOf));
    expect(even).toEqual(Float32Array.of(1, 2, 3, 4, 5));
    expect(unknown).toBeUndefined();
    expect(Buffer.from(first!.buffer)).toEqual(Buffer.from(odd.logits.buffer));
    expect(twice).toEqual(even);
    expect(await store.get('another teacher', [hashOf('odd')])).toEqual([undefined]);
  });

  it('keep the first answer', async () => {
    await store.put('t', [entry('kept', 1)]);
    await store.put('t', [entry('kept', 2), entry('new', 2), entry('new', 3)]);
    expect(await store.get('t', [hashOf('kept'), hashOf('new')])).toEqual([Float32Array.of(1), Float32Array.of(2)]);
  });

  it('take nothing, and nothing of two widths', async () => {
    await store.put('t', []);
    expect(await store.get('t', [])).toEqual([]);
    await expect(store.put('t', [entry('a', 1), entry('b', 1, 2)])).rejects.toThrow(/1 and 2 classes/);
  });

  it('move 15 000 rows of 150 classes in seconds, from two writers at once', async () => {
    const entries = Array.from({ length: 15_000 }, (_, row) => ({
      hash: hashOf(String(row)),
      logits: new Float32Array(150).fill(row),
    }));
    const start = performance.now();
    await Promise.all([store.put('bulk', entries), store.put('bulk', [...entries].reverse())]);
    const written = performance.now();
    const found = await store.get(
      'bulk',
      entries.map(({ hash }) => hash),
    );
    const read = performance.now();
    expect(found.findIndex((logits, row) => logits?.length !== 150 || logits[0] !== row || logits[149] !== row)).toBe(
      -1,
    );
    // Generous: each took about half a second on a busy machine of two cores.
    expect({ write: written - start < 15_000, read: read - written < 8_000 }).toEqual({ write: true, read: true });
  });
});
