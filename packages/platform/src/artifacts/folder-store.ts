import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RetortError } from '@retort/contracts';
import type { ArtifactStore, PutOptions, ReadOptions, StoredArtifact } from './store.js';

const DIGEST = /^[0-9a-f]{64}$/;
/** Bytes a stream reads at a time. */
const CHUNK = 1 << 18;

/**
 * Artifacts as files `sha256/ab/cdef…` under one folder. Content is written to `tmp/`, synced, then renamed, so a crash
 * leaves either nothing or the whole file; left-over temporary files are harmless.
 */
export class FolderArtifactStore implements ArtifactStore {
  readonly #root: string;

  /** @param root - absolute path of the folder; made on first use. */
  constructor(root: string) {
    this.#root = root;
  }

  async put(content: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<StoredArtifact> {
    const folder = join(this.#root, 'tmp');
    await mkdir(folder, { recursive: true });
    const temporary = join(folder, randomUUID());
    try {
      const stored = await writeHashed(temporary, content, options);
      await this.#publish(temporary, stored);
      return stored;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async #publish(temporary: string, { digest, bytes }: StoredArtifact): Promise<void> {
    const target = this.#file(digest);
    // A file of another size is the debris of a broken disk, and is replaced.
    if ((await this.stat(digest))?.bytes === bytes) return;
    const created = await mkdir(dirname(target), { recursive: true });
    await rename(temporary, target);
    await syncFolder(dirname(target));
    if (created !== undefined) await syncFolder(dirname(created));
  }

  async putFile(path: string, options: PutOptions = {}): Promise<StoredArtifact> {
    return await this.put(createReadStream(path, { highWaterMark: CHUNK }), options);
  }

  async read(digest: string, { verify = false, start = 0, end }: ReadOptions = {}): Promise<Readable> {
    const found = await this.stat(digest);
    if (!found) throw new RetortError('RT_NOT_FOUND', `There is no artifact ${digest}.`);
    const stop = Math.min(end ?? found.bytes, found.bytes);
    if (verify && (start > 0 || stop < found.bytes)) throw new TypeError('Only whole artifacts can be verified.');
    if (start >= stop && !verify) return Readable.from([]);
    const stream = createReadStream(this.#file(digest), { highWaterMark: CHUNK, start, end: Math.max(stop - 1, 0) });
    if (!verify) return stream;
    const verified = verifier(digest);
    pipeline(stream, verified).catch((error: Error) => verified.destroy(error));
    return verified;
  }

  async stat(digest: string): Promise<{ bytes: number } | undefined> {
    try {
      return { bytes: (await stat(this.#file(digest))).size };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async has(digest: string): Promise<boolean> {
    return (await this.stat(digest)) !== undefined;
  }

  async path(digest: string): Promise<string | undefined> {
    return (await this.has(digest)) ? this.#file(digest) : undefined;
  }

  async delete(digest: string): Promise<void> {
    await rm(this.#file(digest), { force: true });
  }

  async ping(): Promise<void> {
    await mkdir(this.#root, { recursive: true });
    await access(this.#root, constants.R_OK | constants.W_OK);
  }

  /** Digests come from requests too, so nothing but 64 hex digits ever becomes part of a path. */
  #file(digest: string): string {
    if (!DIGEST.test(digest)) {
      throw new RetortError('RT_INVALID_FIELD', 'An artifact digest is 64 lower-case hexadecimal digits (sha256).');
    }
    return join(this.#root, 'sha256', digest.slice(0, 2), digest.slice(2));
  }
}

async function writeHashed(
  path: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  { signal, maxBytes = Number.POSITIVE_INFINITY }: PutOptions,
): Promise<StoredArtifact> {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'wx', 0o644);
  try {
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      signal?.throwIfAborted();
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw new RetortError('RT_TOO_LARGE', `The content is longer than ${maxBytes} bytes.`);
      hash.update(chunk);
      await writeAll(file, chunk);
    }
    signal?.throwIfAborted();
    await file.sync();
  } finally {
    await file.close();
  }
  return { digest: hash.digest('hex'), bytes };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.byteLength; ) {
    offset += (await file.write(chunk, offset)).bytesWritten;
  }
}

/** Makes a rename durable. Not every platform lets folders be opened; there the rename is as durable as it gets. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    if (!['EPERM', 'EISDIR', 'EINVAL', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function verifier(digest: string): Transform {
  const hash = createHash('sha256');
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      const found = hash.digest('hex');
      done(
        found === digest
          ? null
          : new RetortError('RT_INTERNAL', `Artifact ${digest} is corrupt: its content has digest ${found}.`),
      );
    },
  });
}
