import type { DistillationSpec } from './spec.js';
import type { DistillationReport, ModelFigures } from './stages.js';

/**
 * Largest ONNX file: 2 GiB - 1, the most that a Protocol Buffers message can have. (Weights beyond that lie in files of their
 * own beside the graph, which Retort does not read.)
 */
export const MAX_MODEL_BYTES = 2_147_483_647;

/** A file of a model folder. `path` is relative with forward slashes; `digest` is the sha256 of its bytes in hexadecimal. */
export interface ModelFile {
  path: string;
  digest: string;
  bytes: number;
}

/** Which teacher it was. */
export interface TeacherOrigin {
  id?: string;
  name?: string;
  digest: string;
}

/** Where a student comes from: enough to make it again. */
export interface Lineage {
  /** `rows` digest: sha256 of the canonical JSONL of the rows. */
  dataset: { id?: string; digest: string; rows: number };
  /** The first teacher of the job: the one that features and first weights are taken from. */
  teacher: TeacherOrigin;
  /** All of them, in the order of `spec.ensemble`, where the job had several. */
  teachers?: TeacherOrigin[];
  spec: DistillationSpec;
  seed: number;
  /** Version of Retort that trained it. */
  codeVersion: string;
  distillationId?: string;
}

export interface ClassMetrics {
  label: string;
  precision: number;
  recall: number;
  f1: number;
  /** Test rows of the class. */
  support: number;
}

/** One of several teachers, by itself. */
export interface TeacherFigures extends ModelFigures {
  name?: string;
  /** What its logits were divided by before they were combined. */
  temperature: number;
}

/** What was seen of one stage of a training: of an assistant, of a depth of a growing student, or of the student itself. */
export interface StageMetrics {
  /** `assistant-1`, `layers-2`, …, and last `student`. */
  stage: string;
  parameters: number;
  /** Epochs that were trained, and which of them was kept. */
  epochs: number;
  bestEpoch: number;
  /** Mean training loss of the epoch that was kept. */
  loss: number;
  /** Accuracy on the validation rows that have a label, and agreement on all of them with the teacher (never with an assistant). */
  validation?: { accuracy?: number; agreement: number };
  /** Of training, validation after each epoch included. */
  seconds: number;
}

/** What was measured on the test split. Shares are 0..1, divergences in nats. */
export interface StudentMetrics {
  /** Of several teachers: accuracy of their combined answer, sums of bytes and latencies. */
  teacher: DistillationReport['teacher'];
  /** Each of several teachers by itself, in the job's order. */
  teachers?: TeacherFigures[];
  student: DistillationReport['student'] & {
    macroF1: number;
    /** Mean KL(teacher‖student). */
    klToTeacher: number;
    /** Expected calibration error, 15 equal-width bins. */
    calibrationError: number;
    parameters: number;
  };
  /** Teacher latency over student latency, measured in turns on the same machine. */
  speedup: number;
  testRows: number;
  bestEpoch: number;
  /** In order, where there is more than one: measured on the validation rows. */
  stages?: StageMetrics[];
  perClass: ClassMetrics[];
  /** Most frequent mistakes: `actual` answered as `predicted`, `count` times. */
  confusions: { actual: string; predicted: string; count: number }[];
}
