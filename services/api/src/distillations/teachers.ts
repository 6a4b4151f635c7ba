import type { DistillationSpec, FieldProblem, StoredTeacherManifest, TeacherManifest } from '@retort/contracts';
import type { DistillationInput } from '@retort/contracts/http';
import { checkTeachers, type DatasetShape, fitProblems, nameSome } from '@retort/distill';
import type { Teacher } from '@retort/platform';
import type { ApiContext } from '../context.js';

/**
 * The teachers that a submission names, in its order: `teacher`, or `teachers`.
 *
 * @param problems those of the body's shape; what is found goes there too
 * @returns undefined where there is a problem with any of them
 */
export async function findTeachers(
  prisma: ApiContext['database']['prisma'],
  { teacher, teachers }: Partial<Pick<DistillationInput, 'teacher' | 'teachers'>>,
  problems: FieldProblem[],
): Promise<Teacher[] | undefined> {
  const wrong = problems.length;
  if (problems.some(({ path }) => path === '/teacher' || /^\/teachers(\/|$)/.test(path))) return undefined;
  if (teacher !== undefined && teachers !== undefined) {
    problems.push({ path: '/teachers', message: 'stands beside `teacher`: name the teachers in one of them' });
    return undefined;
  }
  const named = teachers ?? (teacher === undefined ? [] : [teacher]);
  if (named.length === 0) {
    problems.push({ path: '/teacher', message: 'is missing: name a teacher, or several in `teachers`' });
  }
  const rows = await prisma.teacher.findMany({ where: { id: { in: named } } });
  const found = named.map((id) => rows.find((row) => row.id === id));
  for (const [k, id] of named.entries()) {
    const path = teachers === undefined ? '/teacher' : `/teachers/${k}`;
    if (found[k] === undefined) problems.push({ path, message: `there is no teacher "${id}"` });
    else if (found[k].status !== 'ready') problems.push({ path, message: notReady(found[k]) });
    else if (named.indexOf(id) < k) problems.push({ path, message: `names "${id}" again: a teacher has one say` });
  }
  return problems.length > wrong ? undefined : found.filter((row) => row !== undefined);
}

export function notReady({ status, manifest }: Teacher): string {
  const { head } = manifest as unknown as StoredTeacherManifest;
  const what = head === undefined ? 'it' : 'its head';
  return `cannot be asked: ${status === 'training' ? `${what} is still in training` : `it is ${status}`}`;
}

/** Of the folder that answers, or will once its head is trained. */
export function answeringManifest({ manifest }: Teacher): TeacherManifest {
  const { source, classifier } = manifest as unknown as StoredTeacherManifest;
  return classifier ?? source;
}

/** Whether teachers, spec, task and data fit each other; what is not known (yet) is left out. */
export function teacherProblems(
  teachers: readonly Teacher[],
  {
    spec,
    taskLabels,
    shape,
  }: { spec: DistillationSpec | undefined; taskLabels: readonly string[]; shape: DatasetShape | undefined },
): FieldProblem[] {
  const names = teachers.map(({ labels }) => labels);
  // Without the spec nobody knows how the labels of several become those of the student.
  if (spec === undefined && teachers.length > 1) return [];
  const { labels, problems } = checkTeachers(spec?.ensemble, names, shape);
  if (problems.length > 0) return problems;
  const path = teachers.length > 1 ? '/teachers' : '/teacher';
  return [
    ...labelProblems(taskLabels, labels, path),
    // Features and words are those of the first.
    ...(spec === undefined
      ? []
      : fitProblems(spec, { teachers: names, manifest: answeringManifest(teachers[0]), shape })),
  ];
}

/** The student answers with its teachers' labels, so the task must know each of them. */
export function labelProblems(taskLabels: readonly string[], labels: readonly string[], path: string): FieldProblem[] {
  if (taskLabels.length === 0) return [];
  const known = new Set(taskLabels);
  const strange = labels.filter((label) => !known.has(label));
  if (strange.length === 0) return [];
  return [{ path, message: `has ${strange.length} label(s) that the task has not: ${nameSome(strange)}` }];
}
