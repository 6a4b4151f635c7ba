import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { FolderArtifactStore } from '@retort/platform';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchLoop } from '../../../../test/support/loop-lag.js';
import { type IngestOptions, ingest } from './ingest.js';

let folder: string;
let artifacts: FolderArtifactStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-ingest-'));
  artifacts = new FolderArtifactStore(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const limits = { maxDatasetBytes: 1e9, maxDatasetRows: 1e6, maxTextCharacters: 1000 };
const run = (content: string | Iterable<Buffer>, options: Partial<IngestOptions> = {}) =>
  ingest(Readable.from(typeof content === 'string' ? [Buffer.from(content)] : content), {
    format: 'jsonl',
    artifacts,
    labels: [],
    limits,
    ...options,
  });
const files = async () =>
  (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());

describe('ingest', () => {
  it('keeps the upload and the canonical rows', async () => {
    const upload = '{"text":"a","label":"x","split":"dev","extra":1}\n\n{"text":""}\n{"text":"b","split":"test"}';
    const { upload: stored, rows, tally } = await run(upload);
    expect(await text(await artifacts.read(stored.digest))).toBe(upload);
    expect(await text(await artifacts.read(rows.digest))).toBe(
      '{"text":"a","label":"x","split":"valid"}\n{"text":"b","split":"test"}\n',
    );
    expect(tally.rejected()).toEqual({ count: 1, samples: [{ line: 3, reason: 'text is empty' }] });
  });

  it('leaves nothing behind where it fails', async () => {
    const before = await files();
    await expect(run('{"text":""}\nnonsense\n')).rejects.toMatchObject({ code: 'RT_INVALID_DATASET' });
    await expect(run('')).rejects.toMatchObject({ code: 'RT_INVALID_DATASET' });
    await expect(run('label\nx\n', { format: 'csv' })).rejects.toMatchObject({ code: 'RT_INVALID_DATASET' });
    const many = '{"text":"fine"}\n'.repeat(10_000);
    await expect(run(many, { limits: { ...limits, maxDatasetBytes: 50_000 } })).rejects.toMatchObject({
      code: 'RT_TOO_LARGE',
    });
    await expect(run(many, { limits: { ...limits, maxDatasetRows: 9_999 } })).rejects.toMatchObject({
      code: 'RT_TOO_LARGE',
    });
    async function* broken() {
      yield Buffer.from(many);
      throw new Error('aborted');
    }
    await expect(ingest(broken(), { format: 'jsonl', artifacts, labels: [], limits })).rejects.toThrow('aborted');
    expect(await files()).toEqual(before);
  });

  it('passes on that the store fails, instead of waiting for it', async () => {
    const failing = {
      put: async (content: Uint8Array | AsyncIterable<Uint8Array>) => {
        for await (const _ of content as AsyncIterable<Uint8Array>) throw new Error('disk full');
        throw new Error('unreachable');
      },
    };
    await expect(
      run(Array(64).fill(Buffer.from('{"text":"fine"}\n'.repeat(4096))), { artifacts: failing }),
    ).rejects.toThrow('disk full');
  });

  it('lets the event loop turn during a large upload, in constant memory', async () => {
    function* lines() {
      for (let block = 0; block < 30; block++) {
        const rows = Array.from(
          { length: 2000 },
          (_, i) => `{"text":"utterance ${block} ${i} ${'x'.repeat(60)}","label":"l${i % 50}"}\n`,
        );
        yield Buffer.from(rows.join(''));
      }
    }
    const memory = process.memoryUsage().arrayBuffers;
    const longestTurn = watchLoop();
    const { tally } = await run(lines());
    const longest = longestTurn();
    expect(tally.rows).toBe(60_000);
    expect(longest).toBeLessThan(50);
    expect(process.memoryUsage().arrayBuffers - memory).toBeLessThan(64e6);
  });
});
