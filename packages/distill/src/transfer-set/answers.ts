import type { Row, TransferSetSpec } from '@retort/contracts';
import type { Teacher } from '@retort/teachers';
import { labelTexts, type SoftLabelCache } from '../dataset/soft-labels.js';
import { answerOf } from './select.js';
import { Sources } from './sources.js';

/**
 * What the teacher answers for the training rows without a label, where the spec mixes spans within classes and so must know theirs. The
 * answers stay in the cache, so that labelling does not ask for them again.
 *
 * @returns labels by the index of the row, and how many questions were asked for them
 */
export async function teacherAnswers({
  rows,
  spec,
  teacher,
  cache,
  foreign,
  signal,
}: {
  rows: readonly Row[];
  spec: TransferSetSpec;
  teacher: Teacher;
  cache: SoftLabelCache;
  /** The label of out-of-scope rows, where the teacher does not know it. */
  foreign?: string;
  signal?: AbortSignal;
}): Promise<{ answers: Map<number, string>; asked: number }> {
  const mixes = spec.multiply > 0 && (spec.strategies['span-mixing'] ?? 0) > 0;
  const unlabelled = mixes
    ? [...new Sources(rows, spec, foreign).indexes].filter((row) => rows[row].label === undefined)
    : [];
  if (unlabelled.length === 0) return { answers: new Map(), asked: 0 };
  const texts = unlabelled.map((row) => rows[row].text);
  const { logits, cached } = await labelTexts({ teacher, texts, cache, signal });
  const classes = teacher.labels.length;
  const answers = unlabelled.map((row, i): [number, string] => [
    row,
    teacher.labels[answerOf(logits.subarray(i * classes, (i + 1) * classes)).best],
  ]);
  return { answers: new Map(answers), asked: texts.length - cached };
}
