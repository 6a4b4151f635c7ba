import { openTextClassifier, type TextModelOptions } from '@retort/text';
import { asTeacher } from './invalid-teacher.js';
import { answerDigest, describeFiles } from './model-files.js';
import { findTeacherFiles } from './teacher-files.js';

/** A model that gives soft labels. */
export interface Teacher {
  /** Digest of the files that decide its answers: the key under which soft labels are kept. */
  readonly digest: string;
  /** In the order of the logits. */
  readonly labels: string[];
  /** `[texts, labels]`, row-major. @throws RetortError `RT_INVALID_TEACHER` where the model fails, `RT_CANCELLED` */
  logits(texts: string[], options?: { signal?: AbortSignal }): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Opens a classifier folder as a teacher, in a worker thread unless placed `inline`.
 *
 * @throws RetortError `RT_INVALID_TEACHER` naming the file, field or output that cannot be used
 */
export function openTeacher(
  dir: string,
  options: Pick<TextModelOptions, 'threads' | 'placement'> = {},
): Promise<Teacher> {
  return asTeacher(async () => {
    const { model: modelFile, all } = await findTeacherFiles(dir);
    const digest = answerDigest(await describeFiles(dir, all));
    const classifier = await openTextClassifier(dir, { ...options, modelFile });
    return {
      digest,
      labels: [...classifier.labels],
      logits: (texts, { signal } = {}) => asTeacher(() => classifier.logits(texts, { signal })),
      close: () => classifier.close(),
    };
  });
}
