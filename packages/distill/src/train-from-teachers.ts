import type { Row } from '@retort/contracts';
import { foreignLabel } from './dataset/out-of-scope.js';
import { partition } from './dataset/split-rows.js';
import { combineTeachers, type TeacherAnswers } from './ensemble/combine-teachers.js';
import { checkTeachers, ensembleDefaults } from './ensemble/ensemble-problems.js';
import { type TrainedStudent, type TrainStudentOptions, trainStudent } from './train-student.js';
import { firstRounds, selectTransferRows } from './transfer-set/select.js';

/** A teacher that has been asked about every row. */
export interface AskedTeacher extends TeacherAnswers {
  /** Its folder. */
  dir: string;
  id?: string;
  name?: string;
  digest: string;
}

export interface TrainFromTeachersOptions
  extends Omit<TrainStudentOptions, 'labels' | 'teacherLogits' | 'teacherDir' | 'teachers' | 'lineage'> {
  /** At least 1. Features and first weights are those of the first. */
  teachers: readonly AskedTeacher[];
  /**
   * How many generated rows there were after each round of their generation. A spec that was found in a search may have a smaller
   * `transferSet.multiply` than they were made by: then only the rows of as many rounds are taken. Default: all are.
   */
  rounds?: readonly number[];
  lineage: Omit<TrainStudentOptions['lineage'], 'teacher' | 'teachers'>;
}

/**
 * Trains a student on the answers of its teachers: those of one as they are, those of several combined as `spec.ensemble` says (by its
 * defaults where it says nothing). Of the generated rows it takes those that the answer is sure of.
 *
 * @throws RetortError as {@link trainStudent}, and `RT_INVALID_SPEC` where maps or labels do not fit the teachers
 */
export async function trainFromTeachers(options: TrainFromTeachersOptions): Promise<TrainedStudent> {
  const { teachers, generated = 0, rounds: _, labelling, ...rest } = options;
  const [first] = teachers;
  const origins = teachers.map(({ id, name, digest }) => ({ id, name, digest }));
  const common = { ...rest, teacherDir: first.dir, lineage: { ...options.lineage, teacher: origins[0] } };
  const { answer, members } = answerOfTeachers(options);
  const { filtered, ...taught } = selected({ rows: options.rows, generated, ...answer }, options);
  const { transferSet } = labelling ?? {};
  return trainStudent({
    ...common,
    ...taught,
    labelling: transferSet
      ? { ...labelling, transferSet: { ...transferSet, filtered, kept: taught.generated } }
      : labelling,
    labels: answer.labels,
    ...(members === undefined ? {} : { teachers: members, lineage: { ...common.lineage, teachers: origins } }),
  });
}

/** What the teachers answer as one, and, where there are several, what each of them comes to by itself. */
function answerOfTeachers({ teachers, rows, generated, spec }: TrainFromTeachersOptions) {
  const [first] = teachers;
  if (teachers.length === 1) return { answer: { labels: first.labels, teacherLogits: first.logits } };
  const { labels } = checkTeachers(
    spec.ensemble,
    teachers.map((teacher) => teacher.labels),
  );
  const { valid, test } = partition(rows, { foreign: foreignLabel(labels, spec.outOfScope), generated });
  const combined = combineTeachers({
    teachers,
    spec: spec.ensemble ?? ensembleDefaults(),
    rows,
    // Not what is set aside of the training rows: on those that it learned a teacher is surer and better than on others.
    parts: { valid: valid.filter((row) => rows[row].split === 'valid'), test },
  });
  return {
    answer: { labels: combined.labels, teacherLogits: combined.logits },
    members: teachers.map(({ dir, name }, k) => ({ dir, name, ...combined.teachers[k] })),
  };
}

function selected(
  labelled: { rows: readonly Row[]; generated: number; labels: readonly string[]; teacherLogits: Float32Array },
  { spec: { transferSet }, rounds = [] }: TrainFromTeachersOptions,
) {
  if (transferSet !== undefined && labelled.generated > 0) {
    return selectTransferRows({
      ...labelled,
      ...firstRounds(labelled, transferSet.multiply, rounds),
      spec: transferSet,
    });
  }
  const { rows, generated, teacherLogits } = labelled;
  return { rows, generated, teacherLogits, filtered: 0 };
}
