import type { Selection } from './selection.js';
import type { DistillationSpec } from './spec.js';
import type { DistillationReport } from './stages.js';

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

/** Where a student comes from: enough to make it again. */
export interface Lineage {
  /** `rows` digest: sha256 of the canonical JSONL of the rows. */
  dataset: { id?: string; digest: string; rows: number };
  teacher: { id?: string; name?: string; digest: string };
  spec: DistillationSpec;
  seed: number;
  /** Version of Retort that trained it. */
  codeVersion: string;
  distillationId?: string;
  /** How a search came to `spec`, where there was one. */
  selection?: Selection;
}

export interface ClassMetrics {
  label: string;
  precision: number;
  recall: number;
  f1: number;
  /** Test rows of the class. */
  support: number;
}

/** What was measured on the test split. Shares are 0..1, divergences in nats. */
export interface StudentMetrics {
  teacher: DistillationReport['teacher'];
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
  perClass: ClassMetrics[];
  /** Most frequent mistakes: `actual` answered as `predicted`, `count` times. */
  confusions: { actual: string; predicted: string; count: number }[];
}
