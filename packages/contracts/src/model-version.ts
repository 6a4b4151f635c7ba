import type { Selection } from './selection.js';
import type { CompressionStep } from './specs/compression-spec.js';
import type { MultiTaskSpec } from './specs/multi-task-spec.js';
import type { DistillationSpec } from './specs/spec.js';
import type { Labelling } from './specs/transfer-set-spec.js';
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
  /** How a search came to `spec`, where there was one. */
  selection?: Selection;
}

/** Where a student of several tasks comes from, seen from one of them. */
export interface TaskLineage extends Omit<Lineage, 'spec' | 'teachers' | 'selection'> {
  spec: MultiTaskSpec;
  /** All tasks that it answers, in the order of the job. */
  tasks: string[];
}

/** Whether a task's student is what was asked for. */
export interface Gate {
  passed: boolean;
  /** One entry for each measure that is too low; shares, 0..1. */
  failures: { measure: 'accuracy' | 'agreement'; least: number; got: number }[];
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

/** Percentiles by nearest rank, in milliseconds. */
export interface Percentiles {
  p50Ms: number;
  p99Ms: number;
}

/** How long a model takes on one thread, tokenizer included: for one text, and for a batch of 32. */
export interface LatencyFigures {
  one: Percentiles;
  batch32: Percentiles;
}

/** How well the confidences tell rows of the task from rows out of scope. */
export interface OutOfScopeFigures {
  /** Probability that a row in scope gets the higher confidence, 0..1; 0.5 is chance. */
  auroc: number;
  /** Share of rows out of scope below the confidence that 95% of the rows in scope reach. */
  recallAt95: number;
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

/** What one step of compression did, measured on the validation rows. Shares are 0..1. */
export interface CompressionRecord {
  step: CompressionStep;
  /** Whether the student that is packaged has it. */
  accepted: boolean;
  /** Why not, or what was left as it was. */
  reason?: string;
  /** Of the student before the step, and of that after it: on the labels, or where no row has one against the teacher. */
  accuracyBefore: number;
  accuracyAfter: number;
  /** Share of rows that are answered as by the uncompressed student. */
  agreement: number;
  /** Largest difference of any logit between the student before the step and after it, fine-tuning included. */
  maxLogitChange: number;
  /** Of the ONNX graph before and after the step. */
  bytesBefore: number;
  bytes: number;
  /** Numbers of the weights that are not 0, after the step. */
  parameters: number;
}

/** What logits were divided by, fitted to the labels of validation rows; 1 where there was none to fit to. */
export interface Temperatures {
  /** Those of the student, which its last layer has taken in. */
  student: number;
  /** Those of the teacher before they were learned from, where `softLabels.calibrate` is set. */
  softLabels?: number;
}

/** What was measured on the test split, and what it took to come there. Shares are 0..1, divergences in nats. */
export interface StudentMetrics extends Labelling {
  /** Of several teachers: what their combined answer comes to, sums of bytes and latencies. */
  teacher: DistillationReport['teacher'] & {
    macroF1: number;
    calibrationError: number;
    latency: LatencyFigures;
  };
  /** Each of several teachers by itself, in the job's order. */
  teachers?: TeacherFigures[];
  student: DistillationReport['student'] & {
    macroF1: number;
    /** Mean KL(teacher‖student) of what both answer: the student's logits divided by its temperature, the teacher's as they are. */
    klToTeacher: number;
    /** The same before the student’s logits were divided: how near training brought it. */
    uncalibratedKl: number;
    /** Expected calibration error, 15 equal-width bins. */
    calibrationError: number;
    /** The same before the logits were divided by the temperature that validation rows chose. */
    uncalibratedError: number;
    parameters: number;
    /** Floating point operations for one test text of median length: those of the matrix products. */
    flops: number;
    latency: LatencyFigures;
  };
  /** Teacher latency over student latency, measured in turns on the same machine. */
  speedup: number;
  /** Rows in scope that were measured on. */
  testRows: number;
  bestEpoch: number;
  /** What the best epoch was chosen by, and its value; absent where there was nothing to validate on. */
  validation?: { metric: 'accuracy' | 'agreement'; value: number };
  /** Where the test split has rows out of scope. */
  outOfScope?: { label: string; rows: number; teacher: OutOfScopeFigures; student: OutOfScopeFigures };
  /** Models of earlier versions have none. */
  temperatures?: Temperatures;
  /** What the student reads beside the tokens of its training text: how many, and R² of the map that made their rows. */
  unseenTokens?: { added: number; fit: number };
  /** In order, where there is more than one: measured on the validation rows. */
  stages?: StageMetrics[];
  perClass: ClassMetrics[];
  /** Most frequent mistakes: `actual` answered as `predicted`, `count` times. */
  confusions: { actual: string; predicted: string; count: number }[];
  /** The steps of compression in order; absent without any. */
  compression?: CompressionRecord[];
  /** Of one of several tasks: whether its gate was passed. */
  gate?: Gate;
  /** The same student in float32, `onnx/model.onnx`, where `student` is its int8 form. */
  float?: ModelFigures & { agreement: number };
}
