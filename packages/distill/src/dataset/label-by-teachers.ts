import { progressOf } from '@retort/contracts';
import type { Teacher } from '@retort/teachers';
import { type LabelTextsOptions, labelTexts } from './soft-labels.js';

/**
 * Asks one teacher after the other for the logits of every text, as {@link labelTexts} does, with one progress over all of their answers.
 *
 * @returns `answers`: for each teacher `[texts, labels]`, row-major, in the order of its own labels; `cached`: answers that needed no
 * question, of all teachers together
 */
export async function labelByTeachers({
  teachers,
  texts,
  onProgress,
  ...options
}: Omit<LabelTextsOptions, 'teacher'> & { teachers: readonly Teacher[] }): Promise<{
  answers: Float32Array[];
  cached: number;
}> {
  const report = progressOf('labelling', teachers.length * texts.length, onProgress);
  const answers: Float32Array[] = [];
  let cached = 0;
  for (const teacher of teachers) {
    const before = answers.length * texts.length;
    const labelled = await labelTexts({
      ...options,
      teacher,
      texts,
      onProgress: ({ done, note }) => report(before + done, note),
    });
    answers.push(labelled.logits);
    cached += labelled.cached;
  }
  return { answers, cached };
}
