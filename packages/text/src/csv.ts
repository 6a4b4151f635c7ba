/** A cut record, or why it is none. */
export type CsvRecord = { fields: string[] } | { reason: string };

/**
 * Reads one CSV record (RFC 4180) line by line: a quoted field may hold commas, doubled quotes and line breaks. A quote
 * inside an unquoted field is an ordinary character (`5" pipe`), as spreadsheets write it.
 */
export class CsvRecordReader {
  readonly #delimiter: string;
  #fields: string[] = [];
  /** The open quoted field so far, over line breaks; undefined between records. */
  #open: string | undefined;

  constructor(delimiter = ',') {
    this.#delimiter = delimiter;
  }

  /** Adds a line without its line break. Undefined while a quoted field is still open. */
  push(line: string): CsvRecord | undefined {
    let at = 0;
    if (this.#open === undefined) this.#fields = [];
    for (;;) {
      if (this.#open !== undefined || line[at] === '"') {
        if (this.#open === undefined) {
          this.#open = '';
          at++;
        }
        const close = this.#readQuoted(line, at);
        if (close < 0) return undefined;
        at = close;
        if (at < line.length && line[at] !== this.#delimiter) {
          return { reason: `has text after a closing quote (column ${at + 1}): write a quote inside quotes as ""` };
        }
      } else {
        const end = line.indexOf(this.#delimiter, at);
        this.#fields.push(line.slice(at, end < 0 ? line.length : end));
        at = end < 0 ? line.length : end;
      }
      if (at >= line.length) return { fields: this.#fields };
      at++;
    }
  }

  /** Drops an unfinished record. */
  reset(): void {
    this.#open = undefined;
  }

  /** Reads the rest of the open field from `from`; returns where it ended, or -1 where it goes on in the next line. */
  #readQuoted(line: string, from: number): number {
    let at = from;
    for (;;) {
      const quote = line.indexOf('"', at);
      if (quote < 0) {
        this.#open += `${line.slice(at)}\n`;
        return -1;
      }
      this.#open += line.slice(at, quote);
      if (line[quote + 1] !== '"') {
        this.#fields.push(this.#open as string);
        this.#open = undefined;
        return quote + 1;
      }
      this.#open += '"';
      at = quote + 2;
    }
  }
}
