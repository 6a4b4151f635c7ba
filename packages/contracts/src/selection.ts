import type { DistillationSpec } from './specs/spec.js';

/** What one trial of a search has come to. */
export interface TrialResult {
  /** Of the candidate, 0-based. */
  index: number;
  /** 0-based: a candidate that was promoted has a result in each of its rungs. */
  rung: number;
  /** Wall seconds of the trial. */
  seconds: number;
  /** What was measured on the validation rows; absent where it failed or was stopped. */
  measured?: TrialMeasures;
  /** Why it has no measures. */
  error?: string;
}

export interface TrialMeasures {
  /** The metric of the search, 0..1, on `rows` validation rows. */
  value: number;
  rows: number;
  /** Mean KL(teacher‖student), in nats: decides between equal values. */
  loss: number;
  /** Epochs that it was to train for. */
  epochs: number;
  bytes: number;
  /** Median milliseconds for one text, and how many times those of the teacher are, asked in turns. */
  latencyMs: number;
  speedup: number;
}

/** One of the students that no other beats in accuracy, latency and size at once. */
export interface FrontPoint {
  /** Of the candidate. */
  index: number;
  student: DistillationSpec['student'];
  /** The metric of the search on the validation rows, 0..1, after `epochs` epochs. */
  value: number;
  epochs: number;
  latencyMs: number;
  bytes: number;
}

/** How a search came to the spec that was trained. */
export interface Selection {
  method: 'random' | 'successive-halving' | 'auto';
  metric: 'accuracy' | 'agreement';
  /** Rows that the trials were compared on. */
  validationRows: number;
  /** Trials that ended, failed ones included. */
  trials: number;
  /** Of them, those that failed or were stopped. */
  failed: number;
  /** The fastest first. */
  front: FrontPoint[];
  /** Index of the candidate that was chosen, and what the search varied in it, by JSON pointer. */
  chosen: { index: number; value: number; varied: Record<string, unknown> };
  /** Why it was chosen, in words. */
  reason: string;
}
