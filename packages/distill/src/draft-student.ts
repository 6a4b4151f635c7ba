import type { DistillationSpec } from '@retort/contracts';
import type { TrainableModel } from '@retort/learn';
import type { Tokenizer } from '@retort/text';
import { draftEncoder } from './draft-encoder.js';
import { draftStatic } from './draft-static.js';

/** An untrained student with the tokenizer that feeds it. */
export interface StudentDraft extends TrainableModel {
  tokenizer: Tokenizer;
  /** Contents of the folder's JSON files, by path. */
  files: Record<string, object>;
  /** Where the student reads the same tokens as its teacher: the teacher's id of each of its ids. */
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

/**
 * Builds the student that a spec asks for.
 *
 * @throws RetortError `RT_INVALID_SPEC` where the teacher has not what the spec wants of it
 */
export async function draftStudent(
  { student, training }: Pick<DistillationSpec, 'student' | 'training'>,
  options: Omit<DraftOptions, 'seed'>,
): Promise<StudentDraft> {
  const all = { ...options, seed: training.seed };
  return student.family === 'encoder' ? draftEncoder(student, all) : draftStatic(student, all);
}
