import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SoftLabelCache } from '@retort/distill';

const HASH_BYTES = 32;

/**
 * Soft labels in files, so that a teacher answers each text once and not once per cell. Every process appends to a file of its own, in a
 * folder per teacher: sha256 of the text, then its logits as float32. What was cut short by a kill is not read.
 */
export class SoftLabelFiles implements SoftLabelCache {
  readonly #folder: string;
  readonly #file = `${randomUUID()}.bin`;
  readonly #teachers = new Map<string, Map<string, Float32Array>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async get(teacherDigest: string, hashes: string[]): Promise<(Float32Array | undefined)[]> {
    const known = await this.#of(teacherDigest);
    return hashes.map((hash) => known.get(hash));
  }

  async put(teacherDigest: string, entries: { hash: string; logits: Float32Array }[]): Promise<void> {
    if (entries.length === 0) return;
    const known = await this.#of(teacherDigest);
    for (const { hash, logits } of entries) known.set(hash, logits);
    const width = entries[0].logits.length;
    const folder = this.#folderOf(teacherDigest, width);
    await mkdir(folder, { recursive: true });
    const records = entries.map(({ hash, logits }) =>
      Buffer.concat([Buffer.from(hash, 'hex'), Buffer.from(logits.buffer, logits.byteOffset, logits.byteLength)]),
    );
    await appendFile(join(folder, this.#file), Buffer.concat(records));
  }

  #folderOf(teacherDigest: string, width: number): string {
    return join(this.#folder, teacherDigest, String(width));
  }

  async #of(teacherDigest: string): Promise<Map<string, Float32Array>> {
    const known = this.#teachers.get(teacherDigest) ?? (await this.#read(join(this.#folder, teacherDigest)));
    this.#teachers.set(teacherDigest, known);
    return known;
  }

  async #read(folder: string): Promise<Map<string, Float32Array>> {
    const known = new Map<string, Float32Array>();
    if (!existsSync(folder)) return known;
    for (const width of await readdir(folder)) {
      for (const file of await readdir(join(folder, width))) {
        const size = HASH_BYTES + 4 * Number(width);
        const bytes = await readFile(join(folder, width, file));
        for (let at = 0; at + size <= bytes.length; at += size) {
          const logits = new Float32Array(
            bytes.buffer.slice(bytes.byteOffset + at + HASH_BYTES, bytes.byteOffset + at + size),
          );
          known.set(bytes.subarray(at, at + HASH_BYTES).toString('hex'), logits);
        }
      }
    }
    return known;
  }
}
