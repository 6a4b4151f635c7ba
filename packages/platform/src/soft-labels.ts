import { RetortError } from '@retort/contracts';
import type { Database } from './database/connect.js';

/** One answer of a teacher: its logits for the text with this hash. */
export interface SoftLabelEntry {
  /** sha256 of the UTF-8 text, hex. */
  hash: string;
  /** [classes], in the order of the teacher's labels. */
  logits: Float32Array;
}

/** The store that labelling asks before the teacher (the port of `@retort/distill`). */
export interface SoftLabelStore {
  /** In the order of `inputHashes`; undefined where the teacher has not answered yet. */
  get(teacherDigest: string, inputHashes: readonly string[]): Promise<(Float32Array | undefined)[]>;
  /** Keeps what is there already: a teacher's answer never changes. */
  put(teacherDigest: string, entries: readonly SoftLabelEntry[]): Promise<void>;
}

/** Rows per statement: a few MB each, so that neither side holds a whole dataset's logits as parameters. */
const CHUNK = 4096;

/**
 * Soft labels in the table `SoftLabel`, written and read in bulk, as this machine's float32: little-endian wherever ONNX
 * Runtime runs.
 */
export function createSoftLabelStore(database: Pick<Database, 'pool'>): SoftLabelStore {
  const { pool } = database;
  return {
    async get(teacherDigest, inputHashes) {
      const found = new Map<string, Float32Array>();
      for (const hashes of chunks(inputHashes)) {
        // bytea travels as hex text: `pg` offers a binary format, but decodes what comes back as UTF-8.
        const { rows } = await pool.query<{ inputHash: string; logits: Buffer }>(
          `SELECT "inputHash", logits FROM "SoftLabel" WHERE "teacherDigest" = $1 AND "inputHash" = ANY ($2::text[])`,
          [teacherDigest, hashes],
        );
        for (const row of rows) found.set(row.inputHash, toLogits(row.logits));
      }
      return inputHashes.map((hash) => found.get(hash));
    },

    async put(teacherDigest, entries) {
      const width = entries[0]?.logits.length ?? 0;
      for (const part of chunks(entries)) {
        // One binary parameter, cut apart by the server: an array of bytea would travel as hex text.
        const blob = new Float32Array(part.length * width);
        for (const [row, { logits }] of part.entries()) {
          if (logits.length !== width) {
            throw new RetortError('RT_INTERNAL', `Logits of ${width} and ${logits.length} classes in one batch.`);
          }
          blob.set(logits, row * width);
        }
        await pool.query(
          `INSERT INTO "SoftLabel" ("teacherDigest", "inputHash", logits)
           SELECT $1, hash, substring($3::bytea from ((row - 1) * $4 + 1)::int for $4::int)
             FROM unnest($2::text[]) WITH ORDINALITY AS input (hash, row)
            ORDER BY hash
           ON CONFLICT DO NOTHING`,
          [teacherDigest, part.map((entry) => entry.hash), Buffer.from(blob.buffer), width * 4],
        );
      }
    },
  };
}

function* chunks<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += CHUNK) yield items.slice(start, start + CHUNK);
}

/** Copies: the driver's buffer is a slice at any alignment. */
function toLogits(bytes: Buffer): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}
