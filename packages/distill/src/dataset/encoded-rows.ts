import { RetortError, type Row } from '@retort/contracts';
import { type TrainingExamples, tokensDigest } from '@retort/learn';
import { padBatch, type Tokenizer } from '@retort/text';

/** Rows whose texts are encoded once and then learned from epoch after epoch. */
export class EncodedRows {
  readonly #encodings: Int32Array[];
  readonly #labels: Int32Array;
  readonly #teacherLogits: Float32Array;
  readonly #classes: number;
  readonly #padId: number;

  /**
   * @param teacherLogits `[rows, labels]`, row-major
   * @throws RetortError `RT_INVALID_DATASET` for a row whose label is not among `labels`
   */
  constructor(rows: readonly Row[], tokenizer: Tokenizer, labels: readonly string[], teacherLogits: Float32Array) {
    this.#encodings = rows.map(({ text }) => tokenizer.encode(text));
    this.#labels = labelIndexes(rows, labels);
    this.#teacherLogits = teacherLogits;
    this.#classes = labels.length;
    this.#padId = tokenizer.padId;
  }

  /** Token ids of the given rows, in that order. */
  encodings(rows: Int32Array): Int32Array[] {
    return Array.from(rows, (row) => this.#encodings[row]);
  }

  /** The given rows as examples, in that order. */
  examples(rows: Int32Array): TrainingExamples & { teacherLogits: Float32Array; lengths: Int32Array } {
    const teacherLogits = new Float32Array(rows.length * this.#classes);
    for (const [i, row] of rows.entries()) {
      teacherLogits.set(
        this.#teacherLogits.subarray(row * this.#classes, (row + 1) * this.#classes),
        i * this.#classes,
      );
    }
    return {
      count: rows.length,
      digest: tokensDigest(this.encodings(rows), this.#padId),
      labels: Int32Array.from(rows, (row) => this.#labels[row]),
      lengths: Int32Array.from(rows, (row) => this.#encodings[row].length),
      teacherLogits,
      inputs: (batch, length) => {
        const encodings = Array.from(batch, (i) => this.#encodings[rows[i]]);
        const { inputIds, attentionMask } = padBatch(encodings, this.#padId, length);
        return { input_ids: inputIds, attention_mask: attentionMask };
      },
    };
  }
}

/** Index of every row's label, -1 where it has none. */
function labelIndexes(rows: readonly Row[], labels: readonly string[]): Int32Array {
  const index = new Map(labels.map((label, i) => [label, i]));
  return Int32Array.from(rows, ({ label }) => {
    if (label === undefined) return -1;
    const known = index.get(label);
    if (known === undefined) {
      throw new RetortError('RT_INVALID_DATASET', `The teacher does not know the label ${JSON.stringify(label)}.`);
    }
    return known;
  });
}
