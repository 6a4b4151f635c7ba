import type { FieldProblem, MultiTaskSpec, TeacherManifest } from '@retort/contracts';
import { DistillationInput, type TaskOfInput } from '@retort/contracts/http';
import {
  invalidSpec,
  recommendedMultiTaskSpec,
  resolveMultiTaskSpec,
  studentFitProblems,
  taskProblems,
  tasksCompressionProblems,
  tasksSizeProblems,
} from '@retort/distill';
import { compileCheck } from '@retort/http';
import type { FurtherSubmission } from '@retort/platform';
import { Type } from 'typebox';
import type { ApiContext } from '../context.js';
import { type Checked, shapeOf, specOrProblems } from './checked.js';
import { answeringManifest, labelProblems, notReady } from './teachers.js';

/** Fields of a single task do not stand beside `tasks`. */
const checkShape = compileCheck(
  Type.Object(
    { tasks: DistillationInput.properties.tasks, spec: Type.Optional(Type.Unknown()) },
    { additionalProperties: false },
  ),
);

/**
 * Checks a submission of several tasks whole.
 *
 * @throws RetortError `RT_INVALID_SPEC` with every problem, each with its JSON pointer into the body
 */
export async function checkTasks(context: Pick<ApiContext, 'database'>, body: object): Promise<Checked> {
  const problems = checkShape(body);
  const { tasks, spec: given } = body as { tasks: unknown; spec?: unknown };
  // What is no list of tasks, or too long a one, is not looked into.
  const readable = !problems.some(({ path }) => path.startsWith('/tasks'));
  const inputs = readable ? (tasks as TaskOfInput[]) : [];
  const names = inputs.map(({ task }) => task);
  const found: FoundTask[] = [];
  for (const [k, input] of inputs.entries()) {
    if (names.indexOf(input.task) < k) {
      problems.push({ path: `/tasks/${k}/task`, message: `names "${input.task}" again: a task has one head` });
      continue;
    }
    const task = await findTask(context, input, `/tasks/${k}`, problems);
    if (task !== undefined) found.push(task);
  }
  // What is recommended depends on all of them; where one is missing, only the spec's own problems matter.
  const isWhole = readable && found.length === inputs.length;
  const spec = specOrProblems(
    () => (isWhole ? recommended(given, names, found) : resolveMultiTaskSpec(given, readable ? names : undefined)),
    problems,
  );
  if (spec !== undefined) problems.push(...found.flatMap((task) => misfitsOf(task, spec)));
  if (spec !== undefined && isWhole) {
    const shapes = found.map(({ shape }) => shape);
    const sizes = found.map(({ shape, labels }) => ({ shape, labels: labels.length }));
    problems.push(...tasksSizeProblems(sizes, spec), ...tasksCompressionProblems(shapes, spec));
    // Tokens and first weights are those of the first task's teacher.
    problems.push(...studentFitProblems(spec.student, found[0].manifest));
  }
  if (problems.length > 0 || spec === undefined) throw invalidSpec(problems);
  const [first, ...furtherTasks] = found.map(({ submission }) => submission);
  const questions = found.reduce((sum, { submission }) => sum + submission.rows, 0);
  return { ...first, furtherTasks, spec, teacherQueries: { upperBound: questions, estimated: questions } };
}

interface FoundTask {
  /** Where it stands in the body. */
  at: string;
  submission: FurtherSubmission;
  shape: ReturnType<typeof shapeOf>;
  /** Those of its teacher. */
  labels: readonly string[];
  manifest: TeacherManifest;
}

/** Task, dataset and teacher that one entry of `tasks` names; what is wrong with them goes to `problems`. */
async function findTask(
  { database: { prisma } }: Pick<ApiContext, 'database'>,
  input: TaskOfInput,
  at: string,
  problems: FieldProblem[],
): Promise<FoundTask | undefined> {
  const wrong = (field: keyof TaskOfInput, message: string) => problems.push({ path: `${at}/${field}`, message });
  const task = await prisma.task.findUnique({ where: { name: input.task } });
  const dataset = await prisma.dataset.findUnique({ where: { id: input.dataset } });
  const teacher = await prisma.teacher.findUnique({ where: { id: input.teacher } });
  if (task === null) wrong('task', `there is no task "${input.task}"`);
  if (dataset === null) wrong('dataset', `there is no dataset "${input.dataset}"`);
  else if (dataset.taskName !== input.task) {
    wrong('dataset', `is of the task "${dataset.taskName}", not "${input.task}"`);
  }
  if (teacher === null) wrong('teacher', `there is no teacher "${input.teacher}"`);
  else if (teacher.status !== 'ready') wrong('teacher', notReady(teacher));
  if (teacher?.status !== 'ready' || task === null || dataset === null) return undefined;
  const { labels } = teacher;
  problems.push(...labelProblems(task.labels, labels, `${at}/teacher`));
  const shape = shapeOf(dataset);
  const submission = { taskName: task.name, datasetId: dataset.id, teacherId: teacher.id, rows: dataset.rows };
  return { at, submission, shape, labels, manifest: answeringManifest(teacher) };
}

/** What is wrong between a task's dataset, its teacher and the spec. */
function misfitsOf({ at, submission, shape, labels }: FoundTask, spec: MultiTaskSpec): FieldProblem[] {
  return taskProblems(shape, labels, spec).map(({ path, message }) =>
    path.startsWith('/spec')
      ? { path, message: `${message} (task "${submission.taskName}")` }
      : { path: at + path, message },
  );
}

/** The spec with what is recommended for these tasks, whose student reads as the teacher of the first. */
function recommended(given: unknown, names: readonly string[], found: readonly FoundTask[]): MultiTaskSpec {
  const { tokenizer, bert } = found[0].manifest;
  const shapes = found.map(({ shape }) => shape);
  return recommendedMultiTaskSpec(given, names, { tokenizer: tokenizer.type, bert, shapes });
}
