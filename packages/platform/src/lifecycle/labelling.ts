import type { LabelJob, Progress } from '@retort/contracts';
import type { Database } from '../database/connect.js';
import { appendEvent } from '../events/append-event.js';
import { type LabelShard, Prisma } from '../generated/prisma/client.js';
import { findWorkedOn, type WorkedOn } from './teachers-of.js';
import { type Transaction, transition } from './transition.js';

type Prismas = Pick<Database, 'prisma'>;

/** Progress events of one distillation are at least this far apart, whatever the number of workers. Milliseconds. */
export const PROGRESS_INTERVAL_MS = 250;

export interface ShardWork {
  distillation: WorkedOn;
  shard: LabelShard;
}

/**
 * Begins one shard: the first of a distillation moves it from `queued` to `running`, stage `labelling`.
 *
 * @returns what to label; undefined where nothing is left to do: the shard is labelled, the distillation has ended or was
 * cancelled (which this then completes), or training has begun
 */
export async function startShard({ prisma }: Prismas, job: LabelJob): Promise<ShardWork | undefined> {
  const { distillationId: id, shard: index } = job;
  return prisma.$transaction(async (tx) => {
    const shard = await tx.labelShard.findUnique({ where: { distillationId_index: { distillationId: id, index } } });
    if (shard === null || shard.doneAt !== null) return undefined;
    const cancelled = Prisma.sql`"cancelRequestedAt" IS NOT NULL`;
    if ((await transition(tx, id, 'cancelled', { where: cancelled })) !== undefined) return undefined;
    await transition(tx, id, 'running', {
      where: Prisma.sql`"status" = 'queued'`,
      set: [
        Prisma.sql`"stage" = 'labelling', "stageStartedAt" = now(), "heartbeatAt" = now()`,
        Prisma.sql`"startedAt" = COALESCE("startedAt", now())`,
      ],
    });
    const distillation = await findWorkedOn(tx, { id, status: 'running', stage: 'labelling' });
    return distillation && { distillation, shard };
  });
}

/**
 * Notes how many rows of a shard are labelled, and, at most every {@link PROGRESS_INTERVAL_MS}, writes the progress of the
 * whole distillation, summed over its shards.
 */
export async function reportShard({ prisma }: Prismas, job: LabelJob, done: number): Promise<void> {
  await prisma.$executeRaw`
    UPDATE "LabelShard" SET "done" = GREATEST("done", ${done})
     WHERE "distillationId" = ${job.distillationId} AND "index" = ${job.shard}`;
  await prisma.$transaction((tx) => writeProgress(tx, job.distillationId, false));
}

/**
 * Marks a shard as labelled; a second delivery of its job will find nothing to do. Completes a cancellation.
 *
 * @param done.cached rows that were answered from the soft-label cache
 * @param done.asked questions that were asked, of all teachers
 */
export async function finishShard(
  { prisma }: Prismas,
  job: LabelJob,
  { cached, asked }: { cached: number; asked: number },
): Promise<void> {
  await prisma.$transaction(async (tx) => {
    await tx.$executeRaw`
      UPDATE "LabelShard" SET "done" = "end" - "start", "cached" = ${cached}, "asked" = ${asked}, "doneAt" = now()
       WHERE "distillationId" = ${job.distillationId} AND "index" = ${job.shard} AND "doneAt" IS NULL`;
  });
  await prisma.$transaction(async (tx) => {
    // A cancellation took the other shards out of the queue: there may be nobody after this one to see it.
    const cancelled = Prisma.sql`"cancelRequestedAt" IS NOT NULL`;
    if ((await transition(tx, job.distillationId, 'cancelled', { where: cancelled })) !== undefined) return;
    const open = await tx.labelShard.count({ where: { distillationId: job.distillationId, doneAt: null } });
    await writeProgress(tx, job.distillationId, open === 0);
  });
}

/** The first update takes the turn: of several labelers that report at once, one writes and the others find it written. */
async function writeProgress(tx: Transaction, id: string, always: boolean): Promise<void> {
  const due = always
    ? Prisma.sql`TRUE`
    : Prisma.sql`("progressAt" IS NULL OR "progressAt" < now() - ${PROGRESS_INTERVAL_MS} * interval '1 ms')`;
  const [turn] = await tx.$queryRaw<{ seconds: number }[]>`
    UPDATE "Distillation" SET "progressAt" = now()
     WHERE "id" = ${id} AND "status" = 'running' AND "stage" = 'labelling' AND ${due}
    RETURNING EXTRACT(EPOCH FROM now() - "stageStartedAt")::float8 AS seconds`;
  if (turn === undefined) return;
  const [sum] = await tx.$queryRaw<{ done: number; total: number; cached: number }[]>`
    SELECT SUM("done")::float8 AS done, SUM("end" - "start")::float8 AS total,
           COALESCE(SUM("cached"), 0)::float8 AS cached
      FROM "LabelShard" WHERE "distillationId" = ${id}`;
  const { done, total, cached } = sum!;
  const ratePerSecond = turn.seconds > 0 ? done / turn.seconds : 0;
  const progress: Progress = {
    stage: 'labelling',
    done,
    total,
    ratePerSecond,
    secondsLeft: ratePerSecond > 0 ? (total - done) / ratePerSecond : null,
    ...(cached > 0 ? { note: `${cached} from the cache` } : {}),
  };
  await tx.$executeRaw`UPDATE "Distillation" SET "progress" = ${JSON.stringify(progress)}::jsonb WHERE "id" = ${id}`;
  await appendEvent(tx, id, 'progress', progress);
}
