import { createHash, randomUUID } from 'node:crypto';
import { access, constants, type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RetortError } from '@retort/contracts/values';

/*
 * The file: magic (8 bytes), version of the format (uint32), bytes of the header (uint32), the header (JSON, UTF-8), the arrays that
 * it lists, one after the other, and last the SHA-256 of all before it. Numbers are little-endian, as on every platform of ONNX
 * Runtime.
 */
const MAGIC = Buffer.from('RETORTCK', 'latin1');
const FORMAT = 1;
const PREAMBLE = MAGIC.length + 8;
const DIGEST = 32;
/** Bytes that are read, hashed or written at a time. */
const CHUNK = 4 * 2 ** 20;

export type CheckpointArray = Float32Array | Int32Array;

const TYPES = { float32: Float32Array, int32: Int32Array } as const;
const typeOf = (array: CheckpointArray): keyof typeof TYPES => (array instanceof Float32Array ? 'float32' : 'int32');

interface ArrayEntry {
  name: string;
  type: keyof typeof TYPES;
  length: number;
}

interface Header {
  content: unknown;
  arrays: ArrayEntry[];
}

/**
 * Writes a checkpoint so that at every moment the path holds a whole one, this or the one before: into a temporary file beside
 * it, flushed to the disk, then renamed. The arrays are streamed and must not change meanwhile.
 *
 * @param content anything that JSON can say; numbers that are not finite are kept too
 */
export async function writeCheckpointFile(
  path: string,
  content: unknown,
  arrays: readonly [name: string, array: CheckpointArray][],
): Promise<void> {
  const entries = arrays.map(([name, array]): ArrayEntry => ({ name, type: typeOf(array), length: array.length }));
  const header = Buffer.from(JSON.stringify({ content, arrays: entries } satisfies Header, keepNumber));
  const preamble = Buffer.alloc(PREAMBLE);
  MAGIC.copy(preamble);
  preamble.writeUInt32LE(FORMAT, MAGIC.length);
  preamble.writeUInt32LE(header.length, MAGIC.length + 4);
  // A name of its own: an earlier attempt at the same run, given up but not yet dead, may still be writing its last.
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      const hash = createHash('sha256');
      for (const part of [preamble, header, ...arrays.map(([, array]) => bytesOf(array))]) {
        for (const chunk of chunksOf(part)) {
          hash.update(chunk);
          await writeAll(file, chunk);
        }
      }
      await writeAll(file, hash.digest());
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true });
    throw unwritable(path, cause);
  }
}

/** @throws RetortError `RT_UNAVAILABLE` where the folder of the file does not let one be made in it */
export async function checkWritable(path: string): Promise<void> {
  await access(dirname(path), constants.W_OK | constants.X_OK).catch((cause) => {
    throw unwritable(path, cause);
  });
}

/** Removes what writers that were killed left beside a checkpoint: only what has the name of a temporary file of this very path. */
export async function removeTemporaries(path: string): Promise<void> {
  const own = `${basename(path)}.`;
  const names = await readdir(dirname(path)).catch(() => []);
  const left = names.filter((name) => name.startsWith(own) && /^[0-9a-f]{8}\.tmp$/.test(name.slice(own.length)));
  await Promise.all(left.map((name) => rm(join(dirname(path), name), { force: true })));
}

/**
 * Opens a file that this module has written, whole or not.
 *
 * @returns undefined where there is no such file
 * @throws RetortError `RT_INVALID_CHECKPOINT` for a file that is none of ours, or cannot be read: it must not be replaced
 */
export async function openCheckpoint(path: string): Promise<FileHandle | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const magic = Buffer.alloc(MAGIC.length);
    await file.read(magic, 0, magic.length, 0);
    if (magic.equals(MAGIC)) return file;
  } catch (error) {
    await file?.close();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw refused(path, `cannot be read, and is left as it is: ${(error as Error).message}`);
  }
  await file.close();
  throw refused(path, 'is a file that holds no checkpoint, and is left as it is: give the path of another');
}

/** A checkpoint whose checksum was right when it was opened. */
export class CheckpointFile {
  readonly path: string;
  readonly content: unknown;
  readonly #file: FileHandle;
  /** Where each array lies, in bytes. */
  readonly #places: Map<string, ArrayEntry & { at: number }>;

  private constructor(path: string, file: FileHandle, { content, arrays }: Header, start: number) {
    this.path = path;
    this.content = content;
    this.#file = file;
    let at = start;
    this.#places = new Map();
    for (const entry of arrays) {
      this.#places.set(entry.name, { ...entry, at });
      at += 4 * entry.length;
    }
  }

  /**
   * @param file of {@link openCheckpoint}; closed with this one, or when this throws
   * @throws RetortError `RT_INVALID_CHECKPOINT` for a file that is truncated, corrupt or of another format; it is left as it is
   */
  static async verified(path: string, file: FileHandle): Promise<CheckpointFile> {
    try {
      const { header, start } = await verify(path, file);
      return new CheckpointFile(path, file, header, start);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  /** Reads an array into one of its type and length. @throws RetortError `RT_INVALID_CHECKPOINT` where it holds no such */
  async read(name: string, into: CheckpointArray): Promise<void> {
    const place = this.#places.get(name);
    if (!place || place.type !== typeOf(into) || place.length !== into.length) {
      throw refused(this.path, `does not hold "${name}" as ${typeOf(into)} of ${into.length} elements`);
    }
    await readAll(this.path, this.#file, bytesOf(into), place.at);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Reads the whole file once: nothing of it is believed before its checksum is right. */
async function verify(path: string, file: FileHandle): Promise<{ header: Header; start: number }> {
  const { size } = await file.stat();
  const preamble = Buffer.alloc(PREAMBLE);
  if (size < PREAMBLE + DIGEST) throw refused(path, `is truncated: it has ${size} bytes`);
  await readAll(path, file, preamble, 0);
  const format = preamble.readUInt32LE(MAGIC.length);
  if (format !== FORMAT) throw refused(path, `is of format ${format}; this version reads format ${FORMAT}`);

  const hash = createHash('sha256');
  const chunk = Buffer.alloc(Math.min(CHUNK, size));
  for (let at = 0; at < size - DIGEST; at += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, size - DIGEST - at));
    await readAll(path, file, part, at);
    hash.update(part);
  }
  const digest = Buffer.alloc(DIGEST);
  await readAll(path, file, digest, size - DIGEST);
  if (!hash.digest().equals(digest)) throw refused(path, 'is truncated or corrupt: its checksum is wrong');

  const start = PREAMBLE + preamble.readUInt32LE(MAGIC.length + 4);
  if (start > size - DIGEST) throw refused(path, 'has a header that is longer than the file');
  const json = Buffer.alloc(start - PREAMBLE);
  await readAll(path, file, json, PREAMBLE);
  const header = parseHeader(path, json);
  const end = header.arrays.reduce((sum, { length }) => sum + 4 * length, start);
  if (end !== size - DIGEST) throw refused(path, 'does not hold the arrays that its header lists');
  return { header, start };
}

function parseHeader(path: string, json: Buffer): Header {
  let header: Partial<Header>;
  try {
    header = JSON.parse(json.toString('utf8'), reviveNumber) as Partial<Header>;
  } catch {
    throw refused(path, 'has a header that is not JSON');
  }
  const { content, arrays } = header;
  const isEntry = ({ name, type, length }: Partial<ArrayEntry>) =>
    typeof name === 'string' && type !== undefined && type in TYPES && Number.isSafeInteger(length) && length! >= 0;
  if (!Array.isArray(arrays) || !arrays.every(isEntry)) throw refused(path, 'has a header that lists no arrays');
  return { content, arrays };
}

/** JSON has no NaN and no infinities; a validation loss may be one. */
function keepNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { $number: String(value) } : value;
}

function reviveNumber(_key: string, value: unknown): unknown {
  const kept = (value as { $number?: string } | null)?.$number;
  return typeof kept === 'string' ? Number(kept) : value;
}

export function refused(path: string, why: string): RetortError {
  return new RetortError('RT_INVALID_CHECKPOINT', `The checkpoint ${path} ${why}.`);
}

function unwritable(path: string, cause: unknown): RetortError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new RetortError('RT_UNAVAILABLE', `The checkpoint ${path} cannot be written: ${why}.`, { cause });
}

function bytesOf({ buffer, byteOffset, byteLength }: CheckpointArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function* chunksOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten;
}

async function readAll(path: string, file: FileHandle, into: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const length = Math.min(CHUNK, into.length - done);
    const { bytesRead } = await file.read(into, done, length, position + done);
    if (bytesRead === 0) throw refused(path, 'became shorter while it was read');
    done += bytesRead;
  }
}

/** Makes a rename last through a power cut; Windows cannot open folders and needs it not. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}
