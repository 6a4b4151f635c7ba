import type { Progress } from '@retort/contracts';
import type { Database } from '../database/connect.js';
import { appendEvent } from '../events/append-event.js';
import { type Distillation, Prisma } from '../generated/prisma/client.js';
import { type Claim, held } from './end.js';
import { type StoredError, workerLost } from './failure.js';
import { HEARTBEAT_FRESH_MS } from './submit.js';
import { findWorkedOn, type WorkedOn } from './teachers-of.js';
import { appendStatus, isOver, transition } from './transition.js';

type Prismas = Pick<Database, 'prisma'>;

interface TrainingWork {
  distillation: WorkedOn;
  claim: Claim;
}

/**
 * - `claimed`: train it
 * - `busy`: another trainer shows signs of life on it (the queue delivered the job twice); ask again in a second
 * - `over`: nothing to do: it has ended, or does now (cancelled, or its trainer died once too often)
 */
export type ClaimOutcome = ({ kind: 'claimed' } & TrainingWork) | { kind: 'busy' } | { kind: 'over' };

/**
 * Claims a distillation for training: from `queued` or the stages `labelling` and `searching` at once, from a later stage only when the last
 * trainer's heartbeat is older than {@link HEARTBEAT_FRESH_MS}.
 *
 * @param maxAttempts how often training may begin; one that finds them used up fails it with `RT_WORKER_LOST`
 */
export async function claimTraining({ prisma }: Prismas, id: string, maxAttempts: number): Promise<ClaimOutcome> {
  return prisma.$transaction(async (tx): Promise<ClaimOutcome> => {
    const cancelled = Prisma.sql`"cancelRequestedAt" IS NOT NULL`;
    if ((await transition(tx, id, 'cancelled', { where: cancelled })) !== undefined) return { kind: 'over' };
    const free = Prisma.sql`("status" = 'queued' OR "stage" IS NULL OR "stage" IN ('labelling', 'searching') OR "heartbeatAt" IS NULL
      OR "heartbeatAt" < now() - ${HEARTBEAT_FRESH_MS} * interval '1 ms')`;
    const row = await transition(tx, id, 'running', {
      where: Prisma.sql`"attempt" < ${maxAttempts} AND ${free}`,
      set: [
        Prisma.sql`"epoch" = "epoch" + 1, "attempt" = "attempt" + 1, "heartbeatAt" = now()`,
        Prisma.sql`"stage" = 'training', "stageStartedAt" = now()`,
        Prisma.sql`"startedAt" = COALESCE("startedAt", now()), "progress" = NULL`,
      ],
    });
    const distillation = row && (await findWorkedOn(tx, { id }));
    if (row && distillation) {
      return { kind: 'claimed', distillation, claim: { id, epoch: row.epoch, attempt: row.attempt } };
    }
    const error = workerLost(`Training was begun ${maxAttempts} times and its worker died each time.`);
    const lost = Prisma.sql`"attempt" >= ${maxAttempts} AND ${free}`;
    if ((await transition(tx, id, 'failed', { where: lost, error })) !== undefined) return { kind: 'over' };
    const current = await tx.distillation.findUnique({ where: { id }, select: { status: true } });
    return { kind: current === null || isOver(current.status) ? 'over' : 'busy' };
  });
}

/** Writes the progress of training, evaluating or packaging; a new stage is a `status` event too. @returns false if the claim is void */
export async function reportProgress({ prisma }: Prismas, claim: Claim, progress: Progress): Promise<boolean> {
  return prisma.$transaction(async (tx) => {
    const json = JSON.stringify(progress);
    const [before] = await tx.$queryRaw<{ stage: string | null }[]>`
      SELECT "stage" FROM "Distillation" WHERE "id" = ${claim.id} AND ${held(claim)} FOR UPDATE`;
    if (before === undefined) return false;
    if (before.stage === progress.stage) {
      await tx.$executeRaw`
        UPDATE "Distillation" SET "progress" = ${json}::jsonb, "progressAt" = now() WHERE "id" = ${claim.id}`;
    } else {
      const [row] = await tx.$queryRaw<Distillation[]>`
        UPDATE "Distillation" SET "stage" = ${progress.stage}, "stageStartedAt" = now(), "progress" = ${json}::jsonb,
               "progressAt" = now() WHERE "id" = ${claim.id} RETURNING *`;
      await appendStatus(tx, row!);
    }
    await appendEvent(tx, claim.id, 'progress', progress);
    return true;
  });
}

/**
 * Gives a claimed distillation back to the queue.
 *
 * @param reason the failure that makes another attempt necessary; without one (the worker shuts down) the attempt is not
 * counted
 */
export async function releaseTraining({ prisma }: Prismas, claim: Claim, reason?: StoredError): Promise<void> {
  const set = [Prisma.sql`"epoch" = "epoch" + 1, "stage" = NULL, "progress" = NULL, "heartbeatAt" = now()`];
  if (reason === undefined) set.push(Prisma.sql`"attempt" = "attempt" - 1`);
  await prisma.$transaction((tx) =>
    transition(tx, claim.id, 'queued', { where: held(claim), set, ...(reason === undefined ? {} : { reason }) }),
  );
}
