import type { DistillationSpec } from '@retort/contracts';
import { draftEncoder } from './draft-encoder.js';
import { draftStatic } from './draft-static.js';
import type { DraftOptions, StudentDraft } from './student-draft.js';

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
