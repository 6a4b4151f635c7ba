import type { Progress, TrialJob, TrialResult } from '@retort/contracts';
import type { Database } from '../database/connect.js';
import { appendEvent } from '../events/append-event.js';
import { Prisma } from '../generated/prisma/client.js';
import { workerLost } from './failure.js';
import { findWorkedOn, type WorkedOn } from './teachers-of.js';
import { transition } from './transition.js';

type Prismas = Pick<Database, 'prisma'>;

/** A trial that is to be done, with what it varies, by JSON pointer into the spec. */
export interface NewTrial {
  rung: number;
  index: number;
  varied: Record<string, unknown>;
}

/** What a trial came to: a result without the names of the trial, which its row has. */
export type TrialOutcome = Omit<TrialResult, 'index' | 'rung'>;

export interface TrialWork {
  distillation: WorkedOn;
}

/**
 * Writes the trials of a rung that are not there yet, and moves the distillation to the stage `searching`. May be called again with the
 * same trials, by any worker: the rows stay as they are.
 *
 * @returns false where the distillation has ended, was cancelled (which this then completes), or is already being trained
 */
export async function startRung({ prisma }: Prismas, id: string, trials: readonly NewTrial[]): Promise<boolean> {
  return prisma.$transaction(async (tx) => {
    const cancelled = Prisma.sql`"cancelRequestedAt" IS NOT NULL`;
    if ((await transition(tx, id, 'cancelled', { where: cancelled })) !== undefined) return false;
    await transition(tx, id, 'running', {
      where: Prisma.sql`("status" = 'queued' OR "stage" IS NULL OR "stage" = 'labelling')`,
      set: [
        Prisma.sql`"stage" = 'searching', "stageStartedAt" = now(), "progress" = NULL`,
        Prisma.sql`"startedAt" = COALESCE("startedAt", now())`,
      ],
    });
    const searching = await tx.$executeRaw`
      UPDATE "Distillation" SET "heartbeatAt" = now()
       WHERE "id" = ${id} AND "status" = 'running' AND "stage" = 'searching'`;
    if (searching === 0) return false;
    const rows = trials.map(({ rung, index, varied }) => ({
      ...{ distillationId: id, rung, index, varied: varied as Prisma.InputJsonObject },
    }));
    await tx.trial.createMany({ data: rows, skipDuplicates: true });
    return true;
  });
}

/**
 * Begins one trial. One that was begun `maxAttempts` times already has killed its workers: it is over, as failed.
 *
 * @returns undefined where nothing is left to do: the trial is done, or the distillation is not searching any more (a cancellation is
 * completed)
 */
export async function startTrial(
  { prisma }: Prismas,
  { distillationId: id, rung, index }: TrialJob,
  maxAttempts: number,
): Promise<TrialWork | undefined> {
  return prisma.$transaction(async (tx) => {
    const cancelled = Prisma.sql`"cancelRequestedAt" IS NOT NULL`;
    if ((await transition(tx, id, 'cancelled', { where: cancelled })) !== undefined) return undefined;
    const distillation = await findWorkedOn(tx, { id, status: 'running', stage: 'searching' });
    if (distillation === undefined) return undefined;
    const lost = { seconds: 0, error: workerLost(`The trial was begun ${maxAttempts} times and never ended.`).detail };
    await tx.$executeRaw`
      UPDATE "Trial" SET "result" = ${JSON.stringify(lost)}::jsonb, "doneAt" = now()
       WHERE "distillationId" = ${id} AND "rung" = ${rung} AND "index" = ${index} AND "doneAt" IS NULL
         AND "attempt" >= ${maxAttempts}`;
    const begun = await tx.$executeRaw`
      UPDATE "Trial" SET "attempt" = "attempt" + 1, "startedAt" = now()
       WHERE "distillationId" = ${id} AND "rung" = ${rung} AND "index" = ${index} AND "doneAt" IS NULL`;
    return begun === 0 ? undefined : { distillation };
  });
}

/** Gives back the attempt of a trial whose worker shuts down. */
export async function releaseTrial({ prisma }: Prismas, { distillationId: id, rung, index }: TrialJob): Promise<void> {
  await prisma.$executeRaw`
    UPDATE "Trial" SET "attempt" = GREATEST("attempt" - 1, 0)
     WHERE "distillationId" = ${id} AND "rung" = ${rung} AND "index" = ${index} AND "doneAt" IS NULL`;
}

/**
 * Writes what a trial came to, unless it was done before, and completes a cancellation.
 *
 * @param progress of the search, made of all results so far; left out where nobody can tell it
 */
export async function finishTrial(
  { prisma }: Prismas,
  { distillationId: id, rung, index }: TrialJob,
  outcome: TrialOutcome,
  progress?: (results: TrialResult[]) => Progress,
): Promise<void> {
  await prisma.$executeRaw`
    UPDATE "Trial" SET "result" = ${JSON.stringify(outcome)}::jsonb, "doneAt" = now()
     WHERE "distillationId" = ${id} AND "rung" = ${rung} AND "index" = ${index} AND "doneAt" IS NULL`;
  await prisma.$transaction(async (tx) => {
    // A cancellation took the other trials out of the queue: there may be nobody after this one to see it.
    const cancelled = Prisma.sql`"cancelRequestedAt" IS NOT NULL`;
    if ((await transition(tx, id, 'cancelled', { where: cancelled })) !== undefined) return;
    const [row] = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM "Distillation" WHERE "id" = ${id} AND "status" = 'running' AND "stage" = 'searching' FOR UPDATE`;
    if (row === undefined || progress === undefined) return;
    const told = progress(await trialResults({ prisma: tx }, id));
    await tx.$executeRaw`
      UPDATE "Distillation" SET "progress" = ${JSON.stringify(told)}::jsonb, "progressAt" = now() WHERE "id" = ${id}`;
    await appendEvent(tx, id, 'progress', told);
  });
}

/** The results of the trials that are done, by rung and index. */
export async function trialResults(
  { prisma }: { prisma: Pick<Prisma.TransactionClient, 'trial'> },
  distillationId: string,
): Promise<TrialResult[]> {
  const rows = await prisma.trial.findMany({
    where: { distillationId, doneAt: { not: null } },
    orderBy: [{ rung: 'asc' }, { index: 'asc' }],
  });
  return rows.map(({ rung, index, result }) => ({ rung, index, ...(result as unknown as TrialOutcome) }));
}

/** The trials of a distillation that are not done. */
export async function openTrials({ prisma }: Prismas, distillationId: string): Promise<TrialJob[]> {
  const select = { distillationId: true, rung: true, index: true };
  return prisma.trial.findMany({ where: { distillationId, doneAt: null }, select });
}
