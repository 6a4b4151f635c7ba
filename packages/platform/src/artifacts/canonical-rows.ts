import type { Row } from '@retort/contracts';
import type { ArtifactStore } from './store.js';

const NEWLINE = 0x0a;

/** A known offset per this many rows. */
const STRIDE = 256;

/** Datasets whose offsets are remembered. */
const REMEMBERED = 16;

/** `offsets[i]` is the byte at which row `i · STRIDE` begins, as far as the file was read. */
type Offsets = number[];

/**
 * Reads slices of datasets' canonical rows (JSONL artifacts: one `{text, label?, split}` a line, each ended by a newline).
 * Remembers where rows begin, so that reading a dataset shard by shard does not start from its beginning every time.
 */
export class CanonicalRows {
  readonly #store: Pick<ArtifactStore, 'read'>;
  readonly #offsets = new Map<string, Offsets>();

  constructor(store: Pick<ArtifactStore, 'read'>) {
    this.#store = store;
  }

  /**
   * Rows `[start, end)`; fewer where the file ends before.
   *
   * @param digest `Dataset.rowsDigest`
   * @throws RetortError `RT_NOT_FOUND` when the artifact is not there
   */
  async read(digest: string, start: number, end: number, signal?: AbortSignal): Promise<Row[]> {
    const rows: Row[] = [];
    const offsets = this.#remember(digest);
    const known = Math.min(Math.floor(start / STRIDE), offsets.length - 1);
    let index = known * STRIDE;
    let offset = offsets[known]!;
    let rest: Buffer = Buffer.alloc(0);
    const stream = await this.#store.read(digest, { start: offset });
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let to = bytes.indexOf(NEWLINE); to !== -1 && index < end; to = bytes.indexOf(NEWLINE, from)) {
        if (index % STRIDE === 0) offsets[index / STRIDE] = offset;
        if (index >= start) rows.push(JSON.parse(bytes.toString('utf8', from, to)) as Row);
        offset += to + 1 - from;
        from = to + 1;
        index++;
      }
      if (index >= end) break; // Leaving the loop closes the stream.
      rest = bytes.subarray(from);
    }
    return rows;
  }

  /** The offsets of one dataset, which becomes the most recently used. */
  #remember(digest: string): Offsets {
    const offsets = this.#offsets.get(digest) ?? [0];
    this.#offsets.delete(digest);
    this.#offsets.set(digest, offsets);
    for (const oldest of this.#offsets.keys()) {
      if (this.#offsets.size <= REMEMBERED) break;
      this.#offsets.delete(oldest);
    }
    return offsets;
  }
}
