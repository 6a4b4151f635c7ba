import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RetortError } from '@retort/contracts';
import type { ArtifactStore, StoredArtifact } from '@retort/platform';
import { readRows } from '@retort/text';
import { Tally } from './tally.js';

export type DatasetFormat = 'jsonl' | 'csv';

export interface IngestOptions {
  format: DatasetFormat;
  artifacts: Pick<ArtifactStore, 'put'>;
  /** Labels of the task; empty where the dataset decides them. */
  labels: readonly string[];
  limits: { maxDatasetBytes: number; maxDatasetRows: number; maxTextCharacters: number };
}

export interface Ingested {
  /** The bytes as they came. */
  upload: StoredArtifact;
  /** The accepted rows as canonical JSONL: `{"text","label"?,"split"}` and a line feed each. */
  rows: StoredArtifact;
  tally: Tally;
}

/** Longest work between two turns of the event loop, in milliseconds. */
const SLICE_MS = 10;

/**
 * Reads an upload once, at constant memory: its bytes go into the artifact store, its rows are checked, and the accepted
 * ones go there too as a second artifact. Where it fails, nothing stays behind.
 *
 * @throws RetortError `RT_INVALID_DATASET` without a usable row, `RT_TOO_LARGE` beyond a limit
 */
export async function ingest(source: AsyncIterable<Uint8Array>, options: IngestOptions): Promise<Ingested> {
  const { format, artifacts, labels, limits } = options;
  const upload = new ArtifactSink(artifacts);
  const canonical = new ArtifactSink(artifacts);
  const tally = new Tally(labels);
  try {
    const bytes = copyTo(source, upload, limits.maxDatasetBytes);
    let busySince = performance.now();
    for await (const read of readRows(bytes, { format, limits: { maxCharacters: limits.maxTextCharacters } })) {
      if ('reason' in read) tally.reject(read.line, read.reason);
      else {
        const { text, label, split } = read.row;
        if (tally.accept(read.line, { text, label, split })) {
          if (tally.rows > limits.maxDatasetRows) throw tooManyRows(limits.maxDatasetRows);
          await canonical.write(`${JSON.stringify({ text, label, split })}\n`);
        }
      }
      if (performance.now() - busySince > SLICE_MS) {
        await nextTurn();
        busySince = performance.now();
      }
    }
    if (tally.rows === 0) throw unusable(tally);
    const stored = await Promise.all([upload.end(), canonical.end()]);
    return { upload: stored[0], rows: stored[1], tally };
  } catch (error) {
    await Promise.all([upload.abandon(error), canonical.abandon(error)]);
    throw error;
  }
}

async function* copyTo(
  source: AsyncIterable<Uint8Array>,
  sink: ArtifactSink,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes)
      throw new RetortError('RT_TOO_LARGE', `A dataset may have at most ${maxBytes} bytes; send it in parts.`);
    await sink.write(chunk);
    yield chunk;
  }
}

function tooManyRows(limit: number): RetortError {
  return new RetortError('RT_TOO_LARGE', `A dataset may have at most ${limit} rows; send it in parts.`);
}

function unusable(tally: Tally): RetortError {
  const { count } = tally.rejected();
  const first = tally.firstRejection;
  const why = first === undefined ? 'it is empty' : `all ${count} were rejected, line ${first.line}: ${first.reason}`;
  const problems = tally.rejected().samples.map(({ line, reason }) => ({ path: `/lines/${line}`, message: reason }));
  return new RetortError('RT_INVALID_DATASET', `The dataset has no usable row: ${why}.`, { problems });
}

/** An artifact under way, written piece by piece at the pace of the store. */
class ArtifactSink {
  readonly #stream = new PassThrough();
  readonly #stored: Promise<StoredArtifact>;
  readonly #failed = new AbortController();

  constructor(artifacts: Pick<ArtifactStore, 'put'>) {
    this.#stored = artifacts.put(this.#stream);
    // A store that fails no longer drains the stream: whoever waits for that must hear of it.
    this.#stored.catch((error) => this.#failed.abort(error));
    this.#stream.on('error', () => {});
  }

  async write(chunk: Uint8Array | string): Promise<void> {
    this.#throwIfFailed();
    if (this.#stream.write(chunk)) return;
    try {
      await once(this.#stream, 'drain', { signal: this.#failed.signal });
    } catch (error) {
      this.#throwIfFailed();
      throw error;
    }
  }

  end(): Promise<StoredArtifact> {
    this.#stream.end();
    return this.#stored;
  }

  /** Makes the store drop what it has. Without effect after {@link end} has resolved. */
  async abandon(reason: unknown): Promise<void> {
    this.#stream.destroy(reason instanceof Error ? reason : new Error('abandoned'));
    await this.#stored.catch(() => {});
  }

  #throwIfFailed(): void {
    if (this.#failed.signal.aborted) throw this.#failed.signal.reason;
  }
}
