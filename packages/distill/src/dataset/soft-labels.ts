import { createHash } from 'node:crypto';
import { type OnProgress, progressOf, RetortError } from '@retort/contracts';
import type { Teacher } from '@retort/teachers';

/** Where answers of teachers are kept, so that none is asked the same text twice. */
export interface SoftLabelCache {
  /** Logits by input hash, in the order asked; undefined where the teacher was never asked. */
  get(teacherDigest: string, hashes: string[]): Promise<(Float32Array | undefined)[]>;
  put(teacherDigest: string, entries: { hash: string; logits: Float32Array }[]): Promise<void>;
}

/** A cache for one run. */
export class MemorySoftLabelCache implements SoftLabelCache {
  readonly #logits = new Map<string, Float32Array>();

  async get(teacherDigest: string, hashes: string[]): Promise<(Float32Array | undefined)[]> {
    return hashes.map((hash) => this.#logits.get(`${teacherDigest} ${hash}`));
  }

  async put(teacherDigest: string, entries: { hash: string; logits: Float32Array }[]): Promise<void> {
    for (const { hash, logits } of entries) this.#logits.set(`${teacherDigest} ${hash}`, logits);
  }
}

/** The cache key of a text: sha256 of its UTF-8 bytes, hexadecimal. */
export function inputHash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Texts asked of the teacher between two looks at the cache and two progress reports. */
const CHUNK = 128;

export interface LabelTextsOptions {
  teacher: Teacher;
  texts: string[];
  cache?: SoftLabelCache;
  signal?: AbortSignal;
  onProgress?: OnProgress;
  /** Said with the progress. */
  note?: string;
}

export interface SoftLabels {
  /** `[texts, labels]`, row-major, in the order of the teacher's labels. */
  logits: Float32Array;
  /** Texts that needed no question to the teacher. */
  cached: number;
}

/**
 * Asks the teacher for the logits of every text. Repeated texts are asked once; answers go into the cache chunk by chunk,
 * so that an interrupted run goes on where it was.
 *
 * @throws RetortError `RT_CANCELLED` when the signal aborts, and whatever the teacher throws
 */
export async function labelTexts({
  teacher,
  texts,
  cache = new MemorySoftLabelCache(),
  signal,
  onProgress,
  note,
}: LabelTextsOptions): Promise<SoftLabels> {
  const width = teacher.labels.length;
  const logits = new Float32Array(texts.length * width);
  const report = progressOf('labelling', texts.length, onProgress);
  let cached = 0;
  report(0, note);
  for (let start = 0; start < texts.length; start += CHUNK) {
    throwIfCancelled(signal);
    const chunk = texts.slice(start, start + CHUNK);
    const hashes = chunk.map(inputHash);
    const known = await cache.get(teacher.digest, hashes);
    const missing = new Map<string, string>();
    for (const [i, hash] of hashes.entries()) if (known[i] === undefined) missing.set(hash, chunk[i]);
    const answers = await ask(teacher, missing, signal);
    await cache.put(teacher.digest, answers);
    const byHash = new Map(answers.map(({ hash, logits: row }) => [hash, row]));
    for (const [i, hash] of hashes.entries()) {
      logits.set((known[i] ?? byHash.get(hash)) as Float32Array, (start + i) * width);
    }
    cached += chunk.length - missing.size;
    const notes = [...(note === undefined ? [] : [note]), ...(cached > 0 ? [`${cached} from the cache`] : [])];
    report(start + chunk.length, notes.length > 0 ? notes.join(', ') : undefined);
  }
  return { logits, cached };
}

async function ask(teacher: Teacher, missing: Map<string, string>, signal: AbortSignal | undefined) {
  if (missing.size === 0) return [];
  const width = teacher.labels.length;
  const logits = await teacher.logits([...missing.values()], { signal });
  return [...missing.keys()].map((hash, i) => ({ hash, logits: logits.slice(i * width, (i + 1) * width) }));
}

/** @throws RetortError `RT_CANCELLED` when the signal has aborted */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new RetortError('RT_CANCELLED', 'The distillation was cancelled.');
}
