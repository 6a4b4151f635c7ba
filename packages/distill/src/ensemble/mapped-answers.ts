import { argmax } from '@retort/learn';
import { logAdd, logNormalize } from './log-space.js';

/** The answers of one teacher, told in the labels of the student. */
export class MappedAnswers {
  /** The student's classes that this teacher knows, ascending. */
  readonly known: Int32Array;
  /** Whether it knows all of them. */
  readonly complete: boolean;
  /** What its logits are divided by. */
  temperature = 1;
  readonly #logits: Float32Array;
  readonly #columns: Int32Array;

  /**
   * @param logits `[rows, columns]`, row-major
   * @param columns the student's class of each of the teacher's labels, -1 for one that is dropped
   * @param classes of the student
   */
  constructor(logits: Float32Array, columns: Int32Array, classes: number) {
    this.#logits = logits;
    this.#columns = columns;
    this.known = Int32Array.from(new Set(columns.filter((c) => c >= 0))).sort();
    this.complete = this.known.length === classes;
  }

  /**
   * Writes log p(c | x, c known) of one row into `into` (`[classes]`), -Infinity where the teacher knows nothing of the class.
   *
   * Probabilities of labels that map onto the same class add up; what is dropped is shared out in proportion, as the softmax over the
   * rest. Then p ∝ p^(1/T), which for a one-to-one map is softmax(logits / T).
   */
  row(row: number, into: Float64Array): void {
    into.fill(Number.NEGATIVE_INFINITY);
    const from = row * this.#columns.length;
    for (const [i, c] of this.#columns.entries()) {
      // Not through logAdd: it would lose what is far below the largest when there is nothing to add to.
      if (c >= 0)
        into[c] =
          into[c] === Number.NEGATIVE_INFINITY ? this.#logits[from + i] : logAdd(into[c], this.#logits[from + i]);
    }
    for (const c of this.known) into[c] /= this.temperature;
    logNormalize(into);
  }

  /** The class that it answers for a row. */
  answer(row: number, scratch: Float64Array): number {
    this.row(row, scratch);
    return argmax(scratch, 0, scratch.length);
  }
}
