import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Row } from '@retort/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CanonicalRows } from './canonical-rows.js';
import { FolderArtifactStore } from './folder-store.js';

describe('CanonicalRows', () => {
  let root: string;
  let store: FolderArtifactStore;
  let digest: string;
  // Long texts of many bytes a character, so that rows lie across the chunks of the stream.
  const rows: Row[] = Array.from({ length: 1500 }, (_, i) => {
    return { text: `${i} ${'ünï 語 '.repeat((i * 7919) % 97)}`, label: `l${i % 3}`, split: 'train' };
  });
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'retort-rows-'));
    store = new FolderArtifactStore(root);
    ({ digest } = await store.put(Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('reads any slice, in any order, also several at once and beyond the end', async () => {
    const slice = fc.tuple(fc.nat({ max: 1600 }), fc.nat({ max: 400 }));
    await fc.assert(
      fc.asyncProperty(fc.array(slice, { minLength: 1, maxLength: 6 }), async (slices) => {
        const reader = new CanonicalRows(store);
        const read = ([start, length]: [number, number]) => reader.read(digest, start, start + length);
        for (const one of slices) expect(await read(one)).toEqual(rows.slice(one[0], one[0] + one[1]));
        const all = await Promise.all(slices.map(read));
        expect(all).toEqual(slices.map(([start, length]) => rows.slice(start, start + length)));
      }),
      { numRuns: 30 },
    );
  });

  it('does not read what stands before a slice again', async () => {
    let from = -1;
    const reader = new CanonicalRows({
      read: (of, options) => {
        from = options?.start ?? 0;
        return store.read(of, options);
      },
    });
    await reader.read(digest, 0, 1000);
    expect(from).toBe(0);
    expect(await reader.read(digest, 1000, 1010)).toEqual(rows.slice(1000, 1010));
    const before = Buffer.byteLength(
      rows
        .slice(0, 768)
        .map((row) => `${JSON.stringify(row)}\n`)
        .join(''),
    );
    expect(from).toBe(before);
  });
});
