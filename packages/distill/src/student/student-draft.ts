import type { TrainableModel } from '@retort/learn';
import type { Tokenizer } from '@retort/text';

/** An untrained student with the tokenizer that feeds it. */
export interface StudentDraft extends TrainableModel {
  tokenizer: Tokenizer;
  /** Contents of the folder's JSON files, by path. */
  files: Record<string, object>;
  /** Where the student reads tokens of its teacher: the teacher's id of each of its ids. */
  teacherIds?: Int32Array;
}

export interface DraftOptions {
  /** Training texts: the tokenizer's vocabulary comes from them. */
  texts: readonly string[];
  /** Names in the order of the logits. */
  labels: readonly string[];
  /** The teacher's folder: an encoder student reads as its teacher does. */
  teacherDir: string;
  /** Seeds the first weights. */
  seed: number;
}
