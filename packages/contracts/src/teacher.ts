import type { ModelFile } from './model-version.js';
import type { FineTuneSpec } from './specs/fine-tune-spec.js';

export const TEACHER_KINDS = ['onnx-classifier', 'onnx-encoder'] as const;
export type TeacherKind = (typeof TEACHER_KINDS)[number];

export const TEACHER_STATUSES = ['training', 'ready', 'failed', 'cancelled'] as const;
export type TeacherStatus = (typeof TEACHER_STATUSES)[number];

/** How the vectors of the tokens become one vector of the text. `none`: the output is `[batch, width]` already. */
export const POOLINGS = ['mean', 'cls', 'none'] as const;
export type Pooling = (typeof POOLINGS)[number];

/** An input or output of the graph. `null` stands for a dynamic dimension. */
export interface ModelPort {
  name: string;
  /** ONNX element type, for example `int64`. */
  type: string;
  shape: (number | string | null)[];
}

/** The shape of a BERT: what an encoder student can start from. */
export interface BertShape {
  layers: number;
  width: number;
  heads: number;
}

/** What is known of a model folder without running it: made by `inspectModelFolder`. */
export interface TeacherManifest {
  kind: TeacherKind;
  files: ModelFile[];
  /** Path of the ONNX graph within `files`. */
  modelFile: string;
  inputs: ModelPort[];
  outputs: ModelPort[];
  tokenizer: { type: string; vocabulary: number; maxLength: number };
  /** null for a graph of another shape; absent where the model was registered before this was looked at. */
  bert?: BertShape | null;
  /** Whether words can be looked up in its table of token embeddings; absent as `bert` is. */
  wordVectors?: boolean;
  /** Of a classifier: in the order of its logits. */
  labels?: string[];
  /** Of an encoder. */
  embedding?: { output: string; width: number; pooling: Pooling };
}

/** `Teacher.manifest` in the database. All files are artifacts. */
export interface StoredTeacherManifest {
  /** What was registered. */
  source: TeacherManifest;
  /** For an encoder: what its head is trained on. */
  head?: { dataset: string; seed: number };
  /** For an encoder that is fine-tuned, instead of `head`. */
  train?: { dataset: string; seed: number; spec: FineTuneSpec };
  /** Pooling asked for at registration; absent: as the folder says. */
  pooling?: Pooling;
  /** The classifier folder that answers; equal to `source` for a registered classifier, null until a head is trained. */
  classifier: TeacherManifest | null;
}
