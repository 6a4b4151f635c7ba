import { createHash } from 'node:crypto';
import { type DistillationSpec, type FieldProblem, RetortError } from '@retort/contracts';
import { DatasetId, DistillationInput, TaskName } from '@retort/contracts/http';
import {
  checkTeachers,
  ensembleDefaults,
  estimateTeacherQueries,
  foreignLabel,
  invalidSpec,
  mostRows,
  recommendedSpec,
  resolveSpec,
  transferSetToGenerate,
} from '@retort/distill';
import { compileCheck } from '@retort/http';
import { type Prisma, submitDistillation, type Teacher } from '@retort/platform';
import { Type } from 'typebox';
import type { ApiContext } from '../context.js';
import { checkTasks } from './check-tasks.js';
import { type Checked, shapeOf, specOrProblems } from './checked.js';
import { answeringManifest, findTeachers, teacherProblems } from './teachers.js';
import { WITH_RELATED } from './with-related.js';

type Distillation = Prisma.DistillationGetPayload<{ include: typeof WITH_RELATED }>;

const { teacher, teachers } = DistillationInput.properties;

/** The spec has a check of its own, with defaults and with problems that span fields. */
const checkShape = compileCheck(
  Type.Object(
    { task: TaskName, dataset: DatasetId, teacher, teachers, spec: Type.Optional(Type.Unknown()) },
    { additionalProperties: false },
  ),
);

export interface Submission {
  body: unknown;
  /** The `Idempotency-Key` of the request. */
  idempotencyKey: string | undefined;
  callerId: string;
}

/**
 * Checks a submission whole and starts the job.
 *
 * @returns the job, and whether it is new: the same key and body were submitted before otherwise
 * @throws RetortError `RT_INVALID_SPEC` with every problem, each with its JSON pointer into the body; `RT_CONFLICT` for a
 * key that was used for another body
 */
export async function submit(
  context: ApiContext,
  submission: Submission,
): Promise<{ distillation: Distillation; created: boolean }> {
  const { body, idempotencyKey, callerId } = submission;
  const idempotency =
    idempotencyKey === undefined
      ? {}
      : { idempotencyKey: sha256(`${callerId}\n${idempotencyKey}`), idempotencyDigest: sha256(canonicalJson(body)) };
  const earlier = await findEarlier(context, idempotency);
  if (earlier !== undefined) return { distillation: earlier, created: false };
  const several = typeof body === 'object' && body !== null && 'tasks' in body;
  const checked = several ? await checkTasks(context, body) : await checkSubmission(context, body);
  try {
    const { id } = await submitDistillation(
      {
        ...context,
        onQueueError: (error) => context.logger.warn({ err: error }, 'the queue did not take the job yet'),
      },
      { ...checked, shardRows: context.config.labelShardRows, ...idempotency },
    );
    return { distillation: await findDistillation(context, id), created: true };
  } catch (error) {
    // The same key, submitted twice at once: the other request was first.
    if ((error as { code?: string }).code !== 'P2002') throw error;
    const winner = await findEarlier(context, idempotency);
    if (winner === undefined) throw error;
    return { distillation: winner, created: false };
  }
}

/** @throws RetortError `RT_NOT_FOUND` */
export async function findDistillation({ database }: Pick<ApiContext, 'database'>, id: string): Promise<Distillation> {
  const row = await database.prisma.distillation.findUnique({
    where: { id },
    include: WITH_RELATED,
  });
  if (row === null) throw new RetortError('RT_NOT_FOUND', `There is no distillation "${id}".`);
  return row;
}

async function findEarlier(
  { database }: ApiContext,
  { idempotencyKey, idempotencyDigest }: { idempotencyKey?: string; idempotencyDigest?: string },
): Promise<Distillation | undefined> {
  if (idempotencyKey === undefined) return undefined;
  const row = await database.prisma.distillation.findUnique({
    where: { idempotencyKey },
    include: WITH_RELATED,
  });
  if (row !== null && row.idempotencyDigest !== idempotencyDigest) {
    throw new RetortError(
      'RT_CONFLICT',
      `This Idempotency-Key was used for another submission, which made "${row.id}".`,
    );
  }
  return row ?? undefined;
}

/** Everything that can be wrong is looked at before anything is said, so that one answer names all of it. */
async function checkSubmission({ database }: ApiContext, body: unknown): Promise<Checked> {
  const problems = checkShape(body);
  const input = (typeof body === 'object' && body !== null ? body : {}) as Partial<DistillationInput>;
  const wrong = (path: string) => problems.some((problem) => problem.path === path);
  const { prisma } = database;
  const task =
    wrong('/task') || input.task === undefined ? null : await prisma.task.findUnique({ where: { name: input.task } });
  const dataset =
    wrong('/dataset') || input.dataset === undefined
      ? null
      : await prisma.dataset.findUnique({ where: { id: input.dataset } });
  const teachers = await findTeachers(prisma, input, problems);
  const spec = checkSpec(input.spec, teachers?.[0], dataset, problems);
  if (task === null && !wrong('/task')) problems.push({ path: '/task', message: `there is no task "${input.task}"` });
  if (dataset === null && !wrong('/dataset'))
    problems.push({ path: '/dataset', message: `there is no dataset "${input.dataset}"` });
  if (task !== null && dataset !== null && dataset.taskName !== task.name) {
    problems.push({ path: '/dataset', message: `is of the task "${dataset.taskName}", not "${task.name}"` });
  }
  if (teachers !== undefined) {
    const shape = dataset === null ? undefined : shapeOf(dataset);
    problems.push(...teacherProblems(teachers, { spec, taskLabels: task?.labels ?? [], shape }));
  }
  if (problems.length > 0 || spec === undefined || task === null || dataset === null || teachers === undefined)
    throw invalidSpec(problems);
  const { labels } = checkTeachers(
    spec.ensemble,
    teachers.map((teacher) => teacher.labels),
  );
  const foreign = foreignLabel(labels, spec.outOfScope);
  const [teacherId, ...furtherTeacherIds] = teachers.map(({ id }) => id);
  const whole = furtherTeacherIds.length > 0 ? { ...spec, ensemble: spec.ensemble ?? ensembleDefaults() } : spec;
  const shape = shapeOf(dataset);
  const transferSet = transferSetToGenerate(spec);
  return {
    ...{ taskName: task.name, datasetId: dataset.id, teacherId, furtherTeacherIds, spec: whole },
    rows: mostRows(shape, transferSet),
    teacherQueries: estimateTeacherQueries(shape, transferSet, { teachers: teachers.length, foreign }),
  };
}

/** The spec with what is recommended for these data and this teacher; where they are not known, only its own problems matter. */
function checkSpec(
  input: unknown,
  teacher: Teacher | undefined,
  dataset: { counts: unknown } | null,
  problems: FieldProblem[],
): DistillationSpec | undefined {
  if (teacher === undefined || dataset === null) return specOrProblems(() => resolveSpec(input), problems);
  const { tokenizer, bert } = answeringManifest(teacher);
  const known = { tokenizer: tokenizer.type, bert, shape: shapeOf(dataset) };
  return specOrProblems(() => recommendedSpec(input, known), problems);
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** JSON with sorted keys: the same body in another order is the same submission. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
