import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DistillationSpec, RetortError, type Row, type Selection, type TrialMeasures } from '@retort/contracts';
import { partition } from './split-rows.js';
import { type TrainStudentOptions, trainStudent } from './train-student.js';

export interface TrialOptions
  extends Pick<
    TrainStudentOptions,
    'labels' | 'teacherDir' | 'threads' | 'signal' | 'onProgress' | 'checkpoint' | 'lineage'
  > {
  /** All rows of the dataset; those of the test split are not used. */
  rows: readonly Row[];
  /** `[rows, labels]`, row-major. */
  teacherLogits: Float32Array;
  /** Of the trial: see `trialSpec`. */
  spec: DistillationSpec;
  metric: Selection['metric'];
}

/**
 * Trains a student as `trainStudent` does, with all that the spec asks for, and measures it on the validation rows in place of the
 * test rows, which it never sees. Nothing is left of the student but its figures.
 *
 * @throws what {@link trainStudent} throws; RetortError `RT_INVALID_DATASET` where no validation row has a label
 */
export async function trainTrial({ metric, rows, teacherLogits, ...options }: TrialOptions): Promise<TrialMeasures> {
  const scratch = await mkdtemp(join(tmpdir(), 'retort-trial-'));
  try {
    const data = validationAsTest(rows, teacherLogits, options.labels.length);
    const { metrics } = await trainStudent({ ...options, ...data, outDir: join(scratch, 'student') });
    const { student, speedup, testRows } = metrics;
    return {
      value: student[metric],
      rows: testRows,
      loss: student.klToTeacher,
      epochs: options.spec.training.epochs,
      bytes: student.bytes,
      latencyMs: student.latencyMs,
      speedup,
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The training and validation rows, and the labelled validation rows once more as the test split. */
export function validationAsTest(
  rows: readonly Row[],
  teacherLogits: Float32Array,
  classes: number,
): { rows: Row[]; teacherLogits: Float32Array } {
  const { train, valid } = partition(rows);
  const labelled = valid.filter((row) => rows[row].label !== undefined);
  if (labelled.length === 0) {
    throw new RetortError('RT_INVALID_DATASET', 'No validation row has a label: trials cannot be compared.');
  }
  const parts = [
    { split: 'train', indexes: train },
    { split: 'valid', indexes: valid },
    { split: 'test', indexes: labelled },
  ] as const;
  const chosen = parts.flatMap(({ split, indexes }) => Array.from(indexes, (index) => ({ index, split })));
  const logits = new Float32Array(chosen.length * classes);
  for (const [i, { index }] of chosen.entries()) {
    logits.set(teacherLogits.subarray(index * classes, (index + 1) * classes), i * classes);
  }
  return { rows: chosen.map(({ index, split }) => ({ ...rows[index], split })), teacherLogits: logits };
}
