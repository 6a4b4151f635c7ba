import type { LossSpec, TrainingSpec } from '@retort/contracts';
import type { Tensor } from '@retort/onnx';
import type { TrainableModel, Weights } from './trainable.js';

/** Makes the graph's inputs for the given rows (indexes into the examples). Called once per batch, so keep it cheap. */
export type BatchInputs = (rows: Int32Array) => Record<string, Tensor>;

/** Rows to learn from or to measure on. */
export interface Examples {
  /** Number of rows. */
  count: number;
  inputs: BatchInputs;
  /** Class of each row, -1 where it has no label. */
  labels: Int32Array;
  /** The teacher's logits, row-major `[count, classes]`. */
  teacherLogits?: Float32Array;
}

export interface TrainingExamples extends Examples {
  /**
   * Tokens of each row, for inputs that are padded to the longest row of a batch: rows of like length are then batched together.
   * Of texts that saves about half of the work.
   */
  lengths?: Int32Array;
}

export interface Validation extends Examples {
  /**
   * What the best epoch is chosen by: `accuracy` over the labelled rows, or `agreement` with the teacher's answer.
   * Default: accuracy where any row has a label, else agreement. Ties go to the lower validation loss.
   */
  metric?: 'accuracy' | 'agreement';
}

export interface TrainingProgress {
  /** Steps taken so far, of `steps`. */
  step: number;
  steps: number;
  /** Epoch that is running, 1-based. */
  epoch: number;
  epochs: number;
  /** Mean loss of the epoch so far. */
  loss: number;
  learningRate: number;
}

export interface EpochRecord {
  /** 1-based. */
  epoch: number;
  /** Mean training loss over the epoch's rows. */
  loss: number;
  /** Where there is a validation set. */
  validation?: ValidationRecord;
  seconds: number;
}

export interface ValidationRecord {
  metric: 'accuracy' | 'agreement';
  /** 0..1. */
  value: number;
  /** Of accuracy: the labels' mean negative log-likelihood. Of agreement: the mean KL to the teacher. In nats. */
  loss: number;
}

export interface TrainOptions extends TrainableModel, TrainingExamples {
  /** Without `teacherLogits` only the cross-entropy is used, with weight 1. */
  loss: LossSpec;
  training: TrainingSpec & {
    /** Share of the steps over which the learning rate rises; default 0.05. */
    warmup?: number;
    /** Of AdamW; default 0.01. */
    weightDecay?: number;
  };
  validate?: Validation;
  signal?: AbortSignal;
  /** Called at most every 100 ms, and after the last step. */
  onProgress?: (progress: TrainingProgress) => void;
  /** Threads of each kernel; default 1. */
  threads?: number;
}

export interface TrainResult {
  /** The best epoch's weights (the last epoch's without validation): pass to `withWeights`. */
  weights: Weights;
  history: EpochRecord[];
  /** 1-based. */
  bestEpoch: number;
}
