import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { materializeFolder, safeJoin, storeFolder } from './folders.js';
import { openArtifactStore } from './open.js';
import type { ArtifactStore } from './store.js';

let folder: string;
let store: ArtifactStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-artifacts-'));
  store = openArtifactStore(pathToFileURL(join(folder, 'store')).href);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function readAll(digest: string, options?: Parameters<ArtifactStore['read']>[1]): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of await store.read(digest, options)) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

async function temporaryFiles(): Promise<string[]> {
  return await readdir(join(folder, 'store', 'tmp'));
}

describe('FolderArtifactStore', () => {
  it('gives back any bytes under their sha256, whatever the chunks and the slice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 100 }),
        fc.nat(320),
        fc.nat(320),
        async (bytes, size, start, end) => {
          const stored = await store.put(chunksOf(bytes, size));
          expect(stored).toEqual({ digest: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length });
          expect(await readAll(stored.digest, { verify: true })).toEqual(Buffer.from(bytes));
          expect(await readAll(stored.digest, { start, end })).toEqual(
            Buffer.from(bytes).subarray(start, Math.max(start, end)),
          );
          expect(await store.stat(stored.digest)).toEqual({ bytes: bytes.length });
        },
      ),
      { numRuns: 40 },
    );
    expect(await temporaryFiles()).toEqual([]);
  });

  it('stores a large stream at constant memory', async () => {
    const chunk = randomBytes(1 << 20);
    const count = 200;
    let most = 0;
    const before = process.memoryUsage().rss;
    async function* stream() {
      for (let index = 0; index < count; index++) {
        most = Math.max(most, process.memoryUsage().rss - before);
        yield chunk;
      }
    }
    const { bytes, digest } = await store.put(stream());
    expect(bytes).toBe(count * chunk.length);
    expect(most).toBeLessThan(100 * chunk.length);
    await store.delete(digest);
    expect(await store.has(digest)).toBe(false);
  });

  it('keeps nothing of a stream that fails, is aborted or is too long', async () => {
    const bytes = randomBytes(1000);
    async function* failing() {
      yield bytes;
      throw new Error('cut off');
    }
    const files = await readdir(join(folder, 'store'), { recursive: true });
    await expect(store.put(failing())).rejects.toThrow('cut off');
    await expect(store.put(chunksOf(bytes, 100), { maxBytes: 999 })).rejects.toMatchObject({ code: 'RT_TOO_LARGE' });
    await expect(store.put(bytes, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
    expect(await readdir(join(folder, 'store'), { recursive: true })).toEqual(files);
    expect((await store.put(bytes, { maxBytes: 1000 })).bytes).toBe(1000);
  });

  it('takes the same content many times at once', async () => {
    const bytes = randomBytes(100_000);
    const stored = await Promise.all(Array.from({ length: 8 }, () => store.put(chunksOf(bytes, 5000))));
    expect(new Set(stored.map(({ digest }) => digest)).size).toBe(1);
    expect(await readAll(stored[0]!.digest, { verify: true })).toEqual(bytes);
  });

  it('notices corruption when asked to verify', async () => {
    const { digest } = await store.put(Buffer.from('good content'));
    await writeFile((await store.path(digest))!, 'evil content');
    await expect(readAll(digest, { verify: true })).rejects.toMatchObject({ code: 'RT_INTERNAL' });
    expect((await readAll(digest)).toString()).toBe('evil content');
  });

  it.each(['../../etc/passwd', 'a'.repeat(63), 'A'.repeat(64), `${'a'.repeat(64)}/..`, '', '\0'.repeat(64)])(
    'takes no %j for a digest',
    async (digest) => {
      for (const ask of [
        () => store.read(digest),
        () => store.has(digest),
        () => store.path(digest),
        () => store.delete(digest),
      ]) {
        await expect(ask()).rejects.toMatchObject({ code: 'RT_INVALID_FIELD' });
      }
    },
  );

  it('says that an artifact is missing', async () => {
    await expect(store.read('0'.repeat(64))).rejects.toMatchObject({ code: 'RT_NOT_FOUND' });
    expect(await store.path('0'.repeat(64))).toBeUndefined();
  });
});

describe('folders', () => {
  it('go into the store and come out the same', async () => {
    const source = join(folder, 'model');
    await mkdir(join(source, 'onnx'), { recursive: true });
    await writeFile(join(source, 'config.json'), '{}');
    await writeFile(join(source, 'onnx', 'model.onnx'), randomBytes(100));
    const files = await storeFolder(store, source);
    expect(files.map(({ path }) => path)).toEqual(['config.json', 'onnx/model.onnx']);
    await materializeFolder(store, files, join(folder, 'copy'));
    for (const { path } of files) {
      expect(await readFile(join(folder, 'copy', path))).toEqual(await readFile(join(source, path)));
    }
    await symlink('/etc/passwd', join(source, 'link'));
    await expect(storeFolder(store, source)).rejects.toMatchObject({ code: 'RT_INVALID_FIELD' });
  });

  it('stay below their root', async () => {
    for (const path of ['../x', '/x', 'a/../../x', '', 'a//b', 'a/./b', 'a\\..\\b', 'C:/x', 'a\0b', 'a/..']) {
      expect(() => safeJoin('/root', path), path).toThrow(/plain relative path/);
    }
    expect(safeJoin('/root', 'a/b.c')).toBe('/root/a/b.c');
    const { digest } = await store.put(Buffer.from('x'));
    const outside = materializeFolder(store, [{ path: '../escaped', digest, bytes: 1 }], join(folder, 'inside'));
    await expect(outside).rejects.toMatchObject({ code: 'RT_INVALID_FIELD' });
  });
});
