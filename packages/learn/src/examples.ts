import type { Tensor } from '@retort/onnx';

/**
 * Makes the graph's inputs for the given rows (indexes into the examples). Called once per batch, so keep it cheap.
 *
 * @param length tokens to pad the rows to, where the examples have `lengths`: at least those of the longest of the rows. Few
 * different lengths come up, which ONNX Runtime, planning its memory by shape, is quicker with.
 */
export type BatchInputs = (rows: Int32Array, length?: number) => Record<string, Tensor>;

/** Rows to learn from or to measure on. */
export interface Examples {
  /** Number of rows. */
  count: number;
  inputs: BatchInputs;
  /**
   * Tells these inputs from all others, as a hash of them does (of token ids, `tokensDigest`). Needed where a checkpoint is kept: it is
   * refused for other inputs.
   */
  digest?: string;
  /** Class of each row, -1 where it has no label. */
  labels: Int32Array;
  /** The teacher's logits, row-major `[count, classes]`. */
  teacherLogits?: Float32Array;
}

/** What the training graph is fed beside the inputs, of a batch: what is inside the teacher. */
export interface TrainingTargets {
  /** By the names of the graph's inputs. Rows and length are as of {@link BatchInputs}; called once per batch. */
  of(rows: Int32Array, length?: number): Promise<Record<string, Tensor>>;
  /** Tells these targets from all others, as a hash of them does. Needed where a checkpoint is kept. */
  digest?: string;
}

export interface TrainingExamples extends Examples {
  /**
   * Tokens of each row, for inputs that are padded to the longest row of a batch: rows of like length are then batched together.
   * Of texts that saves about half of the work.
   */
  lengths?: Int32Array;
  /**
   * What each row counts in the loss, at least 0, relative to the mean of all weights: with wᵢ divided by it, a batch's loss is the mean
   * of wᵢ·Lᵢ. Default: all alike.
   */
  weights?: Float32Array;
  /** Needed by the terms of a feature loss, and used by nothing else. */
  targets?: TrainingTargets;
}

export interface Validation extends Examples {
  /**
   * What the best epoch is chosen by: `accuracy` over the labelled rows, or `agreement` with the teacher's answer.
   * Default: accuracy where any row has a label, else agreement. Ties go to the lower validation loss.
   */
  metric?: 'accuracy' | 'agreement';
}
