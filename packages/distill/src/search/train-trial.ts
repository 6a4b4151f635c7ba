import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DistillationSpec, RetortError, type Row, type Selection, type TrialMeasures } from '@retort/contracts';
import { foreignLabel } from '../dataset/out-of-scope.js';
import { partition } from '../dataset/split-rows.js';
import { checkTeachers } from '../ensemble/ensemble-problems.js';
import { type AskedTeacher, type TrainFromTeachersOptions, trainFromTeachers } from '../train-from-teachers.js';

export interface TrialOptions
  extends Pick<
    TrainFromTeachersOptions,
    'rows' | 'generated' | 'rounds' | 'teachers' | 'threads' | 'signal' | 'onProgress' | 'checkpoint' | 'lineage'
  > {
  /** Of the trial: see `trialSpec`. */
  spec: DistillationSpec;
  metric: Selection['metric'];
}

/**
 * Trains a student as `trainFromTeachers` does, with all that the spec asks for, and measures it on the validation rows in place of the
 * test rows, which it never sees. Nothing is left of the student but its figures.
 *
 * @throws what {@link trainFromTeachers} throws; RetortError `RT_INVALID_DATASET` where no validation row has a label
 */
export async function trainTrial({ metric, ...options }: TrialOptions): Promise<TrialMeasures> {
  const scratch = await mkdtemp(join(tmpdir(), 'retort-trial-'));
  try {
    const data = validationAsTest(options);
    const { metrics } = await trainFromTeachers({ ...options, ...data, outDir: join(scratch, 'student') });
    const { student, speedup, testRows } = metrics;
    return {
      value: student[metric],
      rows: testRows,
      loss: student.uncalibratedKl,
      epochs: options.spec.training.epochs,
      bytes: student.bytes,
      latencyMs: student.latencyMs,
      speedup,
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * The training and validation rows, the labelled validation rows once more as the test split, and the generated rows, which stay the
 * last; with what the teachers answered for them.
 */
export function validationAsTest({
  rows,
  generated = 0,
  teachers,
  spec,
}: Pick<TrialOptions, 'rows' | 'generated' | 'teachers' | 'spec'>): { rows: Row[]; teachers: AskedTeacher[] } {
  const { labels } = checkTeachers(
    spec.ensemble,
    teachers.map((teacher) => teacher.labels),
  );
  const { train, valid } = partition(rows, { foreign: foreignLabel(labels, spec.outOfScope), generated });
  const labelled = valid.filter((row) => rows[row].label !== undefined);
  if (labelled.length === 0) {
    throw new RetortError('RT_INVALID_DATASET', 'No validation row has a label: trials cannot be compared.');
  }
  const given = rows.length - generated;
  const parts = [
    { split: 'train', indexes: train.filter((row) => row < given) },
    { split: 'valid', indexes: valid },
    { split: 'test', indexes: labelled },
    { split: 'train', indexes: train.filter((row) => row >= given) },
  ] as const;
  const chosen = parts.flatMap(({ split, indexes }) => Array.from(indexes, (index) => ({ index, split })));
  const logitsOf = (all: Float32Array, classes: number) => {
    const logits = new Float32Array(chosen.length * classes);
    for (const [i, { index }] of chosen.entries()) {
      logits.set(all.subarray(index * classes, (index + 1) * classes), i * classes);
    }
    return logits;
  };
  return {
    rows: chosen.map(({ index, split }) => ({ ...rows[index], split })),
    teachers: teachers.map((teacher) => ({ ...teacher, logits: logitsOf(teacher.logits, teacher.labels.length) })),
  };
}
