import { isUtf8 } from 'node:buffer';
import { MAX_TEXT_CHARACTERS, RetortError, type Row } from '@retort/contracts/values';
import { textProblem } from './check-text.js';
import { CsvRecordReader } from './csv.js';
import { type Line, LineSplitter } from './line-splitter.js';
import { assignSplit, parseSplit } from './split.js';

/** A row with the number of the line it began on (from 1), or why that line is none. */
export type ReadRow = { line: number; row: Row } | { line: number; reason: string };

export interface RowLimits {
  /** Longest text in characters. Default 20,000. */
  maxCharacters?: number;
  /** Longest label in characters. Default 200. */
  maxLabelCharacters?: number;
  /** Longest line (JSONL) or record (CSV) in bytes; what is longer is skipped without being held. Default 1 MiB. */
  maxLineBytes?: number;
}

export interface ReadOptions {
  format: 'jsonl' | 'csv';
  limits?: RowLimits;
}

/**
 * Reads a data set of any size in constant memory: one line is held at a time. Bad rows do not stop it: each comes out
 * with its line number and a reason. Empty lines are skipped, a UTF-8 byte order mark and CRLF are accepted.
 *
 * - `jsonl`: one object per line with `text`, and optionally `label` and `split`; other keys are ignored.
 * - `csv`: comma-separated (RFC 4180) with a header line naming the columns in any order; an empty label or split is none.
 *
 * A row that names no split gets the one of {@link assignSplit}.
 *
 * @throws RetortError `RT_INVALID_DATASET` where the stream as a whole cannot be read: UTF-16 or compressed bytes, a CSV
 * without a `text` column
 */
export async function* readRows(
  stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { format, limits = {} }: ReadOptions,
): AsyncGenerator<ReadRow> {
  const reader = format === 'csv' ? new CsvRows(limits) : new JsonlRows(limits);
  const lines = new LineSplitter(reader.limits.maxLineBytes);
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of stream) {
    let bytes = chunk;
    if (head !== undefined) {
      // The first four bytes tell what kind of file it is: wait for them, whatever the chunks.
      head = Buffer.concat([head, chunk]);
      if (head.length < 4) continue;
      bytes = dropByteOrderMark(head);
      head = undefined;
    }
    for (const line of lines.push(bytes)) yield* reader.read(line);
  }
  if (head !== undefined) for (const line of lines.push(dropByteOrderMark(head))) yield* reader.read(line);
  for (const line of lines.end()) yield* reader.read(line);
  yield* reader.end();
}

type Limits = Required<RowLimits>;

abstract class RowReader {
  readonly limits: Limits;

  constructor(limits: RowLimits) {
    this.limits = { maxCharacters: MAX_TEXT_CHARACTERS, maxLabelCharacters: 200, maxLineBytes: 1 << 20, ...limits };
  }

  abstract read(line: Line): Iterable<ReadRow>;

  *end(): Iterable<ReadRow> {}

  /** The line as a string, or why it is none. */
  protected decode({ bytes }: Line): { text: string } | { reason: string } {
    if (bytes === undefined) return { reason: `is longer than the limit of ${this.limits.maxLineBytes} bytes` };
    // Decoding would put U+FFFD in place of what is not UTF-8 and train on it.
    return isUtf8(bytes) ? { text: bytes.toString('utf8') } : { reason: 'is not valid UTF-8' };
  }

  protected check(line: number, text: unknown, label: unknown, split: unknown): ReadRow {
    const problem = text === undefined ? 'is missing' : textProblem(text, this.limits);
    if (problem !== undefined) return { line, reason: `text ${problem}` };
    const row: Omit<Row, 'split'> = { text: text as string };
    if (label !== undefined && label !== null) {
      const wrong = textProblem(label, { maxCharacters: this.limits.maxLabelCharacters });
      if (wrong !== undefined) return { line, reason: `label ${wrong}` };
      if (/\p{Cc}/u.test(label as string)) return { line, reason: 'label contains a control character' };
      row.label = (label as string).trim();
    }
    const given = split !== undefined && split !== null;
    const known = typeof split === 'string' ? parseSplit(split) : undefined;
    if (given && known === undefined) {
      return { line, reason: `split must be train, valid or test, not ${JSON.stringify(split).slice(0, 40)}` };
    }
    return { line, row: { ...row, split: known ?? assignSplit(row.text) } };
  }
}

class JsonlRows extends RowReader {
  *read(line: Line): Iterable<ReadRow> {
    const decoded = this.decode(line);
    if ('reason' in decoded) {
      yield { line: line.number, reason: `line ${decoded.reason}` };
      return;
    }
    if (decoded.text.trim() === '') return;
    let value: unknown;
    try {
      value = JSON.parse(decoded.text);
    } catch {
      yield { line: line.number, reason: 'line is not valid JSON: write one object per line' };
      return;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      yield { line: line.number, reason: 'line is not a JSON object with a "text"' };
      return;
    }
    const { text, label, split } = value as Record<string, unknown>;
    yield this.check(line.number, text, label, split);
  }
}

class CsvRows extends RowReader {
  readonly #record = new CsvRecordReader();
  #header: { text: number; label: number; split: number; width: number } | undefined;
  /** Line that the record under way began on, and its bytes so far. */
  #start = 0;
  #size = 0;

  *read(line: Line): Iterable<ReadRow> {
    const fresh = this.#start === 0;
    if (fresh) {
      if (line.bytes?.length === 0) return;
      this.#start = line.number;
      this.#size = 0;
    }
    const start = this.#start;
    this.#size += (line.bytes?.length ?? 0) + 1;
    const decoded = this.decode(line);
    if ('reason' in decoded) {
      yield* this.#reject(`record ${decoded.reason}`);
      return;
    }
    if (this.#size > this.limits.maxLineBytes) {
      // Skipping all of it, rather than trying again from its second line, keeps the work linear in the file.
      const through = `lines ${start} to ${line.number} were skipped`;
      yield* this.#reject(
        `record is longer than the limit of ${this.limits.maxLineBytes} bytes: is a quote left open? (${through})`,
      );
      return;
    }
    const record = this.#record.push(decoded.text);
    if (record === undefined) return;
    if ('reason' in record) {
      yield* this.#reject(`record ${record.reason}`);
      return;
    }
    this.#start = 0;
    yield* this.#accept(start, record.fields);
  }

  override *end(): Iterable<ReadRow> {
    if (this.#start !== 0) yield* this.#reject('record has a quote that is never closed');
    if (this.#header === undefined) {
      throw new RetortError(
        'RT_INVALID_DATASET',
        'The CSV is empty: its first line must name the columns, one of them "text".',
      );
    }
  }

  *#reject(reason: string): Iterable<ReadRow> {
    const line = this.#start;
    this.#start = 0;
    this.#record.reset();
    if (this.#header === undefined) {
      throw new RetortError('RT_INVALID_DATASET', `The CSV header cannot be read: line ${line}: ${reason}.`);
    }
    yield { line, reason };
  }

  *#accept(line: number, fields: string[]): Iterable<ReadRow> {
    if (this.#header === undefined) {
      this.#header = readHeader(fields);
      return;
    }
    const { text, label, split, width } = this.#header;
    if (fields.length !== width) {
      const advice = fields.length > width ? ': quote a text that contains commas' : '';
      yield { line, reason: `record has ${fields.length} fields, the header has ${width}${advice}` };
      return;
    }
    yield this.check(line, fields[text], fields[label]?.trim() || undefined, fields[split]?.trim() || undefined);
  }
}

function readHeader(fields: string[]) {
  const names = fields.map((field) => field.trim().toLowerCase());
  const column = (name: string) => {
    const at = names.indexOf(name);
    if (at !== names.lastIndexOf(name)) {
      throw new RetortError('RT_INVALID_DATASET', `The CSV header names the column "${name}" twice.`);
    }
    return at;
  };
  const header = { text: column('text'), label: column('label'), split: column('split'), width: fields.length };
  if (header.text < 0) {
    const found = fields.map((field) => JSON.stringify(field.slice(0, 40))).slice(0, 20);
    throw new RetortError(
      'RT_INVALID_DATASET',
      `The first line of a CSV must name its columns, one of them "text"; it has ${found.join(', ')}.`,
    );
  }
  return header;
}

function dropByteOrderMark(bytes: Buffer): Buffer {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return bytes.subarray(3);
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw new RetortError('RT_INVALID_DATASET', 'The data set is UTF-16: save it as UTF-8.');
  }
  if ((a === 0x1f && b === 0x8b) || (a === 0x50 && b === 0x4b && c === 0x03)) {
    throw new RetortError('RT_INVALID_DATASET', 'The data set is compressed: send the plain JSONL or CSV.');
  }
  return bytes;
}
