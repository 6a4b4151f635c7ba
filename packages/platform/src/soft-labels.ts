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

/** Soft labels in the table `SoftLabel`, little-endian float32, written and read in bulk. */
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
        const blob = Buffer.alloc(part.length * width * 4);
        let offset = 0;
        for (const { logits } of part) {
          if (logits.length !== width) {
            throw new RetortError('RT_INTERNAL', `Logits of ${width} and ${logits.length} classes in one batch.`);
          }
          for (const value of logits) offset = blob.writeFloatLE(value, offset);
        }
        await pool.query(
          `INSERT INTO "SoftLabel" ("teacherDigest", "inputHash", logits)
           SELECT $1, hash, substring($3::bytea from ((row - 1) * $4 + 1)::int for $4::int)
             FROM unnest($2::text[]) WITH ORDINALITY AS input (hash, row)
            ORDER BY hash
           ON CONFLICT DO NOTHING`,
          [teacherDigest, part.map((entry) => entry.hash), blob, width * 4],
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
  const logits = new Float32Array(bytes.byteLength / 4);
  for (let index = 0; index < logits.length; index++) logits[index] = bytes.readFloatLE(index * 4);
  return logits;
}
