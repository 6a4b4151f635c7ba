import { combineTeachers, type TeacherAnswers } from './ensemble/combine-teachers.js';
import { ensembleDefaults } from './ensemble-problems.js';
import { partition } from './split-rows.js';
import { type TrainedStudent, type TrainStudentOptions, trainStudent } from './train-student.js';

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
  lineage: Omit<TrainStudentOptions['lineage'], 'teacher' | 'teachers'>;
}

/**
 * Trains a student on the answers of its teachers: those of one as they are, those of several combined as `spec.ensemble` says (by its
 * defaults where it says nothing).
 *
 * @throws RetortError as {@link trainStudent}, and `RT_INVALID_SPEC` where maps or labels do not fit the teachers
 */
export async function trainFromTeachers(options: TrainFromTeachersOptions): Promise<TrainedStudent> {
  const { teachers, ...rest } = options;
  const { rows, spec } = options;
  const [first] = teachers;
  const origins = teachers.map(({ id, name, digest }) => ({ id, name, digest }));
  const common = { ...rest, teacherDir: first.dir, lineage: { ...options.lineage, teacher: origins[0] } };
  if (teachers.length === 1) return trainStudent({ ...common, labels: first.labels, teacherLogits: first.logits });
  const combined = combineTeachers({
    teachers,
    spec: spec.ensemble ?? ensembleDefaults(),
    rows,
    parts: partition(rows),
  });
  return trainStudent({
    ...common,
    labels: combined.labels,
    teacherLogits: combined.logits,
    teachers: teachers.map(({ dir, name }, k) => ({ dir, name, ...combined.teachers[k] })),
    lineage: { ...common.lineage, teachers: origins },
  });
}
