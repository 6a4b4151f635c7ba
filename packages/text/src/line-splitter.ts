const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** One line without its line break; `bytes` is undefined for a line over the limit, whose content was dropped. */
export interface Line {
  /** From 1. */
  number: number;
  bytes: Buffer | undefined;
}

/**
 * Cuts a byte stream into lines (LF or CRLF) while holding at most one line, and of a line over `maxBytes` nothing.
 * Feed it with {@link push}, finish with {@link end}.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #size = 0;
  #number = 1;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that `chunk` completes. They may be views of `chunk`: use them before it is reused. */
  *push(chunk: Uint8Array): Generator<Line> {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, start)) {
      this.#hold(bytes.subarray(start, at));
      yield this.#take();
      start = at + 1;
    }
    // What waits for its end is copied: the sender may reuse its buffer, and a view would keep the whole chunk alive.
    if (start < bytes.length) this.#hold(Buffer.from(bytes.subarray(start)));
  }

  /** The last line, where the stream does not end with a line break. */
  *end(): Generator<Line> {
    if (this.#size > 0) yield this.#take();
  }

  #hold(part: Buffer): void {
    this.#size += part.length;
    if (this.#size > this.#maxBytes) this.#parts = [];
    else this.#parts.push(part);
  }

  #take(): Line {
    const number = this.#number++;
    const tooLong = this.#size > this.#maxBytes;
    const whole = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#size = 0;
    if (tooLong) return { number, bytes: undefined };
    return { number, bytes: whole.at(-1) === RETURN ? whole.subarray(0, -1) : whole };
  }
}
