import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RetortError, type TrialResult, VERSION } from '@retort/contracts';

/**
 * A file that keeps the results of a search, so that one that was killed goes on from them: a first line that tells the search, then
 * one JSON line for each trial.
 */
export class TrialLedger {
  readonly #path: string;
  readonly #identity: string;

  /**
   * @param path of the file; absent, or of the same search
   * @param search all that its results depend on, as JSON has it
   */
  constructor(path: string, search: unknown) {
    this.#path = path;
    this.#identity = createHash('sha256')
      .update(`${VERSION}\n${JSON.stringify(search)}`)
      .digest('hex');
  }

  /**
   * The results so far; none where there is no file.
   *
   * @throws RetortError `RT_INVALID_CHECKPOINT` for a file of another search, or of something else
   */
  async read(): Promise<TrialResult[]> {
    const text = await readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw this.#unfit(`cannot be read: ${error.message}`, error);
    });
    if (text === '') return [];
    const [first, ...lines] = text.trimEnd().split('\n').map(parsed);
    if (first?.search !== this.#identity) {
      throw this.#unfit('is not of this search (same rows, teacher, spec and version)');
    }
    return lines.map((result) => {
      if (!Number.isInteger(result?.index) || !Number.isInteger(result?.rung)) throw this.#unfit('is damaged');
      return result as unknown as TrialResult;
    });
  }

  /** Puts these results in the file's place: whenever the process ends, the file is whole. */
  async write(results: readonly TrialResult[]): Promise<void> {
    const lines = [{ search: this.#identity }, ...results].map((line) => `${JSON.stringify(line)}\n`);
    await mkdir(dirname(this.#path), { recursive: true });
    const next = `${this.#path}.next`;
    const file = await open(next, 'w');
    try {
      await file.writeFile(lines.join(''));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, this.#path);
  }

  #unfit(why: string, cause?: unknown): RetortError {
    return new RetortError('RT_INVALID_CHECKPOINT', `The record of trials ${this.#path} ${why}.`, { cause });
  }
}

/** An object of JSON; undefined for anything else. */
function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
