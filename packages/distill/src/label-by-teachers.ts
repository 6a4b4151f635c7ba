import { progressOf } from '@retort/contracts';
import type { Teacher } from '@retort/teachers';
import { type LabelTextsOptions, labelTexts } from './soft-labels.js';

/**
 * Asks one teacher after the other for the logits of every text, as {@link labelTexts} does, with one progress over all of their answers.
 *
 * @returns for each teacher `[texts, labels]`, row-major, in the order of its own labels
 */
export async function labelByTeachers({
  teachers,
  texts,
  onProgress,
  ...options
}: Omit<LabelTextsOptions, 'teacher'> & { teachers: readonly Teacher[] }): Promise<Float32Array[]> {
  const report = progressOf('labelling', teachers.length * texts.length, onProgress);
  const answers: Float32Array[] = [];
  for (const teacher of teachers) {
    const before = answers.length * texts.length;
    const { logits } = await labelTexts({
      ...options,
      teacher,
      texts,
      onProgress: ({ done, note }) => report(before + done, note),
    });
    answers.push(logits);
  }
  return answers;
}
