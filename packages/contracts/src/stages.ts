import type { Selection } from './selection.js';
import type { Labelling } from './specs/transfer-set-spec.js';

/** The stages of a distillation, in order; `searching` is of those alone whose spec is to be found. */
export const STAGES = ['labelling', 'searching', 'training', 'evaluating', 'packaging'] as const;
export type Stage = (typeof STAGES)[number];

/** The stages of training a teacher: of its head alone `embedding` and `fitting`, of all of it `fine-tuning` and `measuring`. */
export const TEACHER_STAGES = ['embedding', 'fitting', 'fine-tuning', 'measuring'] as const;
export type TeacherStage = (typeof TEACHER_STAGES)[number];

export const STATUSES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type DistillationStatus = (typeof STATUSES)[number];

/** How far a stage is. `done` and `total` count the stage's own unit (texts, steps, files). */
export interface Progress {
  stage: Stage | TeacherStage;
  done: number;
  total: number;
  /** Units per second since the stage began. */
  ratePerSecond: number;
  /** Estimated from the rate; null until it can be told. */
  secondsLeft: number | null;
  /** For example the running loss of the training stage. */
  note?: string;
}

export type OnProgress = (progress: Progress) => void;

/** The measured side of a model in a report. Latencies are medians for one text, one thread, tokenizer included. */
export interface ModelFigures {
  /** Test accuracy, 0..1. */
  accuracy: number;
  /** Bytes of the files needed to answer. */
  bytes: number;
  latencyMs: number;
}

/** Teacher against student, as `--report` writes it. */
export interface DistillationReport extends Labelling {
  teacher: ModelFigures;
  /** `agreement`: share of test texts on which student and teacher answer the same label. */
  student: ModelFigures & { agreement: number };
  /** Teacher latency over student latency. */
  speedup: number;
  /** Wall seconds of the whole run. */
  seconds: number;
  /** How the spec was found, where it was searched for. */
  selection?: Selection;
}
