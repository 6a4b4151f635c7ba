import {
  type DistillationSpec,
  jobId,
  type MultiTaskSpec,
  newId,
  RetortError,
  type TeacherQueries,
} from '@retort/contracts';
import type { Database } from '../database/connect.js';
import { type Distillation, Prisma } from '../generated/prisma/client.js';
import type { Queues } from '../queues/types.js';
import { endCancelled } from './end.js';
import { openTrials } from './searching.js';
import { appendStatus, transition } from './transition.js';

export interface SubmitContext {
  database: Pick<Database, 'prisma'>;
  queues: Pick<Queues, 'addDistillationFlow' | 'removeDistillation' | 'state'>;
  /** Hears when the queue could not be reached; the job is safe in the database, and the sweeper queues it later. */
  onQueueError?: (error: unknown) => void;
}

/** The second or a later task of a submission whose student shall answer several. */
export interface FurtherSubmission {
  taskName: string;
  datasetId: string;
  teacherId: string;
  /** Of the dataset, at least 1. */
  rows: number;
}

export interface Submission {
  /** The first task, and the only one of most. */
  taskName: string;
  datasetId: string;
  /** The first teacher. */
  teacherId: string;
  /** The others, in the order of the spec's `ensemble`; default: none. */
  furtherTeacherIds?: readonly string[];
  /** The other tasks; default: none. */
  furtherTasks?: readonly FurtherSubmission[];
  /** Of several tasks a spec that is for them. */
  spec: DistillationSpec | MultiTaskSpec;
  /** Rows of the dataset, and the most that its transfer set can have: all of them get soft labels. At least 1. */
  rows: number;
  /** What that may cost. */
  teacherQueries?: TeacherQueries;
  /** Rows in one labelling job. At least 1. */
  shardRows: number;
  idempotencyKey?: string;
  idempotencyDigest?: string;
}

/** How long after the last heartbeat a worker may still be on a job, in milliseconds. Workers beat every half second. */
export const HEARTBEAT_FRESH_MS = 3_000;

/** Cuts `rows` into slices `[start, end)` of `shardRows`, the last one shorter. */
export function planShards(rows: number, shardRows: number): { index: number; start: number; end: number }[] {
  const count = Math.ceil(rows / shardRows);
  return Array.from({ length: count }, (_, index) => ({
    index,
    start: index * shardRows,
    end: Math.min(rows, (index + 1) * shardRows),
  }));
}

/** The same for the rows of several tasks, one after the other: a shard has rows of one task, whose teacher labels them. */
export function planTaskShards(rows: readonly number[], shardRows: number): ReturnType<typeof planShards> {
  let before = 0;
  const shards = rows.flatMap((own) => {
    const from = before;
    before += own;
    return planShards(own, shardRows).map(({ start, end }) => ({ start: from + start, end: from + end }));
  });
  return shards.map((shard, index) => ({ index, ...shard }));
}

/**
 * Writes the distillation, its shards and its first event in one transaction, then adds the jobs to the queue. Once the
 * transaction has committed the job will run: a crash or a queue failure after it is repaired by the sweeper.
 *
 * The caller has checked spec, dataset and teacher.
 *
 * @returns the new row, status `queued`
 * @throws Prisma's `P2002` when the idempotency key exists already, `P2003` for an unknown task, dataset or teacher
 */
export async function submitDistillation(context: SubmitContext, submission: Submission): Promise<Distillation> {
  const { rows, shardRows, spec, furtherTeacherIds = [], furtherTasks = [], ...columns } = submission;
  const id = newId('distillation');
  const shards = planTaskShards([rows, ...furtherTasks.map((task) => task.rows)], shardRows);
  const row = await context.database.prisma.$transaction(async (tx) => {
    const created = await tx.distillation.create({
      data: { id, ...columns, spec: spec as Prisma.InputJsonValue, status: 'queued' },
    });
    const further = furtherTeacherIds.map((teacherId, i) => ({ distillationId: id, position: i + 1, teacherId }));
    await tx.furtherTeacher.createMany({ data: further });
    const tasks = furtherTasks.map(({ rows: _, ...task }, i) => ({ distillationId: id, position: i + 1, ...task }));
    await tx.furtherTask.createMany({ data: tasks });
    await tx.labelShard.createMany({ data: shards.map((shard) => ({ distillationId: id, ...shard })) });
    await appendStatus(tx, created);
    return created;
  });
  try {
    await context.queues.addDistillationFlow({ distillationId: id, shards: shards.length });
  } catch (error) {
    context.onQueueError?.(error);
  }
  return row;
}

/**
 * Cancels a distillation. Where no worker is on it, it is `cancelled` at once; otherwise its workers see
 * `cancelRequestedAt` within a second, stop, and the last step is theirs. Either way it can no longer succeed.
 *
 * Asking twice is fine.
 *
 * @returns the row: `cancelled`, or `running` with `cancelRequestedAt`
 * @throws RetortError `RT_NOT_FOUND`; `RT_CONFLICT` when it has succeeded or failed already
 */
export async function requestCancel(context: SubmitContext, id: string): Promise<Distillation> {
  const { row, shards } = await context.database.prisma.$transaction(async (tx) => {
    const [marked] = await tx.$queryRaw<Distillation[]>`
      UPDATE "Distillation" SET "cancelRequestedAt" = COALESCE("cancelRequestedAt", now())
       WHERE "id" = ${id} AND "status" IN ('queued', 'running') RETURNING *`;
    if (marked === undefined) {
      const ended = await tx.distillation.findUnique({ where: { id } });
      if (ended === null) throw new RetortError('RT_NOT_FOUND', `There is no distillation ${id}.`);
      if (ended.status !== 'cancelled') {
        throw new RetortError('RT_CONFLICT', `Distillation ${id} has ${ended.status} already; it cannot be cancelled.`);
      }
      return { row: ended, shards: 0 };
    }
    const idle = Prisma.sql`("status" = 'queued' OR "heartbeatAt" < now() - ${HEARTBEAT_FRESH_MS} * interval '1 ms')`;
    const cancelled = await transition(tx, id, 'cancelled', { where: idle });
    return { row: cancelled ?? marked, shards: await tx.labelShard.count({ where: { distillationId: id } }) };
  });
  if (shards > 0) await dequeue(context, id, shards);
  if (row.status !== 'running' || (await isActive(context, id))) return row;
  // Its worker was between two jobs, and now there is no second one.
  return (await endCancelled(context.database, id)) ?? row;
}

/** Takes what still waits out of the queue. It is only tidiness: a worker that finds the row over does nothing. */
async function dequeue(context: SubmitContext, distillationId: string, shards: number): Promise<void> {
  try {
    const trials = await openTrials(context.database, distillationId);
    await context.queues.removeDistillation({ distillationId, shards, trials });
  } catch (error) {
    context.onQueueError?.(error);
  }
}

/** Whether a worker holds one of its jobs. Also true where the queue cannot be asked: the sweeper looks again. */
async function isActive({ database, queues, onQueueError }: SubmitContext, distillationId: string): Promise<boolean> {
  try {
    if ((await queues.state('train', jobId.train({ distillationId }))) === 'active') return true;
    const open = await database.prisma.labelShard.findMany({ where: { distillationId, doneAt: null } });
    for (const { index: shard } of open) {
      if ((await queues.state('label', jobId.label({ distillationId, shard }))) === 'active') return true;
    }
    for (const trial of await openTrials(database, distillationId)) {
      if ((await queues.state('trial', jobId.trial(trial))) === 'active') return true;
    }
    return false;
  } catch (error) {
    onQueueError?.(error);
    return true;
  }
}
