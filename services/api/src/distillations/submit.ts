import { createHash } from 'node:crypto';
import { type DistillationSpec, type FieldProblem, RetortError, type StoredTeacherManifest } from '@retort/contracts';
import { type DatasetCounts, DistillationInput } from '@retort/contracts/http';
import { compressionDataProblems, type DatasetShape, datasetProblems, invalidSpec, resolveSpec } from '@retort/distill';
import { compileCheck } from '@retort/http';
import { type Prisma, submitDistillation } from '@retort/platform';
import { Type } from 'typebox';
import type { ApiContext } from '../context.js';

type Distillation = Prisma.DistillationGetPayload<{ include: { model: { select: { id: true } } } }>;

/** The spec has a check of its own, with defaults and with problems that span fields. */
const checkShape = compileCheck(
  Type.Object(
    { ...DistillationInput.properties, spec: Type.Optional(Type.Unknown()) },
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
  const checked = await checkSubmission(context, body);
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
    include: { model: { select: { id: true } } },
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
    include: { model: { select: { id: true } } },
  });
  if (row !== null && row.idempotencyDigest !== idempotencyDigest) {
    throw new RetortError(
      'RT_CONFLICT',
      `This Idempotency-Key was used for another submission, which made "${row.id}".`,
    );
  }
  return row ?? undefined;
}

interface Checked {
  taskName: string;
  datasetId: string;
  teacherId: string;
  spec: DistillationSpec;
  rows: number;
}

/** Everything that can be wrong is looked at before anything is said, so that one answer names all of it. */
async function checkSubmission({ database }: ApiContext, body: unknown): Promise<Checked> {
  const problems = checkShape(body);
  const input = (typeof body === 'object' && body !== null ? body : {}) as Partial<DistillationInput>;
  const spec = checkSpec(input.spec, problems);
  const wrong = (path: string) => problems.some((problem) => problem.path === path);
  const { prisma } = database;
  const task =
    wrong('/task') || input.task === undefined ? null : await prisma.task.findUnique({ where: { name: input.task } });
  const dataset =
    wrong('/dataset') || input.dataset === undefined
      ? null
      : await prisma.dataset.findUnique({ where: { id: input.dataset } });
  const teacher =
    wrong('/teacher') || input.teacher === undefined
      ? null
      : await prisma.teacher.findUnique({ where: { id: input.teacher } });
  if (task === null && !wrong('/task')) problems.push({ path: '/task', message: `there is no task "${input.task}"` });
  if (dataset === null && !wrong('/dataset'))
    problems.push({ path: '/dataset', message: `there is no dataset "${input.dataset}"` });
  if (teacher === null && !wrong('/teacher'))
    problems.push({ path: '/teacher', message: `there is no teacher "${input.teacher}"` });
  if (task !== null && dataset !== null && dataset.taskName !== task.name) {
    problems.push({ path: '/dataset', message: `is of the task "${dataset.taskName}", not "${task.name}"` });
  }
  if (teacher !== null && teacher.status !== 'ready') {
    const { head } = teacher.manifest as unknown as StoredTeacherManifest;
    const what = head === undefined ? 'it' : 'its head';
    const why = teacher.status === 'training' ? `${what} is still in training` : `it is ${teacher.status}`;
    problems.push({ path: '/teacher', message: `cannot be asked: ${why}` });
  } else if (teacher !== null) {
    if (task !== null) problems.push(...labelProblems(task.labels, teacher.labels));
    if (dataset !== null && spec !== undefined) {
      const shape = shapeOf(dataset.counts as unknown as DatasetCounts);
      problems.push(...datasetProblems(shape, teacher.labels, spec.loss));
      problems.push(...compressionDataProblems(shape, spec.compression));
    }
  }
  if (problems.length > 0 || spec === undefined || task === null || dataset === null || teacher === null)
    throw invalidSpec(problems);
  return { taskName: task.name, datasetId: dataset.id, teacherId: teacher.id, spec, rows: dataset.rows };
}

function checkSpec(input: unknown, problems: FieldProblem[]): DistillationSpec | undefined {
  try {
    return resolveSpec(input);
  } catch (error) {
    if (!(error instanceof RetortError) || error.code !== 'RT_INVALID_SPEC') throw error;
    problems.push(
      ...error.problems.map(({ path, message }) => ({ path: `/spec${path === '/' ? '' : path}`, message })),
    );
    return undefined;
  }
}

/** The student answers with its teacher's labels, so the task must know each of them. */
function labelProblems(taskLabels: readonly string[], teacherLabels: readonly string[]): FieldProblem[] {
  if (taskLabels.length === 0) return [];
  const known = new Set(taskLabels);
  const strange = teacherLabels.filter((label) => !known.has(label));
  if (strange.length === 0) return [];
  const named = strange
    .slice(0, 5)
    .map((label) => JSON.stringify(label))
    .join(', ');
  return [{ path: '/teacher', message: `has ${strange.length} label(s) that the task has not: ${named}` }];
}

function shapeOf({ splits, labels }: DatasetCounts): DatasetShape {
  const labelled = { train: 0, valid: 0, test: 0 };
  for (const { train, valid, test } of Object.values(labels)) {
    labelled.train += train;
    labelled.valid += valid;
    labelled.test += test;
  }
  return { rows: splits, labelled, labels: Object.keys(labels) };
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
