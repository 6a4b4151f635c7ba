import { type Row, SPLITS, type Split } from '@retort/contracts';
import { type DatasetBody, type DatasetCounts, LIMITS } from '@retort/contracts/http';
import { SplitIndex } from './split-index.js';

type SplitCounts = Record<Split, number>;
const none = (): SplitCounts => ({ train: 0, valid: 0, test: 0 });

/** Characters of a duplicate text that the answer quotes. */
const QUOTED = 200;

/** Counts an upload as its rows go by, at memory bounded by labels and {@link SplitIndex}. */
export class Tally {
  readonly #allowed: ReadonlySet<string> | undefined;
  readonly #splits = none();
  readonly #labels = new Map<string, SplitCounts>();
  readonly #texts = new SplitIndex();
  readonly #rejected: { line: number; reason: string }[] = [];
  readonly #duplicates = new Map<string, Set<Split>>();
  #rejectedCount = 0;
  #duplicateCount = 0;
  #rows = 0;
  #unlabelled = 0;

  /** @param labels of the task; empty where the dataset decides them */
  constructor(labels: readonly string[]) {
    this.#allowed = labels.length > 0 ? new Set(labels) : undefined;
  }

  /** Accepted rows. */
  get rows(): number {
    return this.#rows;
  }

  /** Labels that stand in accepted rows, sorted. */
  get labels(): string[] {
    return [...this.#labels.keys()].sort();
  }

  reject(line: number, reason: string): void {
    this.#rejectedCount++;
    // A reason may quote the row, cut anywhere; PostgreSQL stores no half of a surrogate pair.
    if (this.#rejected.length < LIMITS.samples) this.#rejected.push({ line, reason: reason.toWellFormed() });
  }

  /** Counts a row, or rejects it for its label. @returns whether it is part of the dataset */
  accept(line: number, { text, label, split }: Row): boolean {
    const reason = label === undefined ? undefined : this.#labelProblem(label);
    if (reason !== undefined) {
      this.reject(line, reason);
      return false;
    }
    this.#rows++;
    this.#splits[split]++;
    if (label === undefined) this.#unlabelled++;
    else this.#countLabel(label, split);
    this.#compare(text, split);
    return true;
  }

  /** The first reason why rows were refused, to explain a dataset without any. */
  get firstRejection(): { line: number; reason: string } | undefined {
    return this.#rejected[0];
  }

  counts(): DatasetCounts {
    const labels = [...this.#labels].sort(([a], [b]) => (a < b ? -1 : 1));
    return { splits: this.#splits, labels: Object.fromEntries(labels), unlabelled: this.#unlabelled };
  }

  rejected(): DatasetBody['rejected'] {
    return { count: this.#rejectedCount, samples: this.#rejected };
  }

  duplicates(): DatasetBody['duplicates'] {
    const samples = [...this.#duplicates].map(([text, splits]) => ({
      text: text.length > QUOTED ? `${text.slice(0, QUOTED).toWellFormed()}…` : text,
      splits: SPLITS.filter((split) => splits.has(split)),
    }));
    return { count: this.#duplicateCount, samples, checked: this.#texts.size };
  }

  #labelProblem(label: string): string | undefined {
    // It could not be a key of the counts in every JSON reader.
    if (label === '__proto__') return 'label "__proto__" cannot be used';
    if (this.#allowed !== undefined) {
      return this.#allowed.has(label) ? undefined : `label ${JSON.stringify(label)} is not one of the task's labels`;
    }
    const full = this.#labels.size >= LIMITS.labels && !this.#labels.has(label);
    return full ? `label ${JSON.stringify(label)} is one too many: a task has at most ${LIMITS.labels}` : undefined;
  }

  #countLabel(label: string, split: Split): void {
    let counts = this.#labels.get(label);
    if (counts === undefined) {
      counts = none();
      this.#labels.set(label, counts);
    }
    counts[split]++;
  }

  #compare(text: string, split: Split): void {
    const before = this.#texts.add(text, split);
    if (before.length === 0 || before.includes(split)) return;
    if (before.length === 1) this.#duplicateCount++;
    const sample = this.#duplicates.get(text);
    if (sample !== undefined) sample.add(split);
    else if (before.length === 1 && this.#duplicates.size < LIMITS.samples) {
      this.#duplicates.set(text, new Set([...before, split]));
    }
  }
}
