import type { DistillationStatus, EventData } from '@retort/contracts';
import { appendEvent } from '../events/append-event.js';
import { type Distillation, Prisma } from '../generated/prisma/client.js';

/** The client inside `prisma.$transaction(async (tx) => …)`. */
export type Transaction = Prisma.TransactionClient;

/** From which statuses each may be entered. What has ended stays as it ended. */
const ENTERED_FROM: Record<DistillationStatus, readonly DistillationStatus[]> = {
  queued: ['queued', 'running'],
  running: ['queued', 'running'],
  succeeded: ['running'],
  failed: ['queued', 'running'],
  cancelled: ['queued', 'running'],
};

/** Whether a distillation of this status will never change again. */
export function isOver(status: string): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}

export interface TransitionOptions {
  /** Further condition on the row; the transition happens only where it holds. */
  where?: Prisma.Sql;
  /** Further columns to set, each `"column" = value`. */
  set?: Prisma.Sql[];
  /** The failure to store and to send as an event; for `failed`. */
  error?: EventData['error'];
  /** Goes with the status event: why a job is back in the queue. */
  reason?: EventData['error'];
}

/**
 * The only writer of `Distillation.status`: moves the row to `to` if that is legal from where it stands and `where`
 * holds, and appends the events, all in the caller's transaction.
 *
 * The update comes first and locks the row, so the events of one distillation are numbered in the order in which they
 * become visible, and a terminal `status` event is the last of them.
 *
 * @returns the row as it is now; undefined where nothing was changed
 */
export async function transition(
  tx: Transaction,
  id: string,
  to: DistillationStatus,
  { where = Prisma.sql`TRUE`, set = [], error, reason }: TransitionOptions = {},
): Promise<Distillation | undefined> {
  const columns = [Prisma.sql`"status" = ${to}`, ...set];
  if (isOver(to))
    columns.push(Prisma.sql`"stage" = NULL`, Prisma.sql`"progress" = NULL`, Prisma.sql`"finishedAt" = now()`);
  if (error !== undefined) columns.push(Prisma.sql`"error" = ${JSON.stringify(error)}::jsonb`);
  const [row] = await tx.$queryRaw<Distillation[]>`
    UPDATE "Distillation" SET ${Prisma.join(columns)}
     WHERE "id" = ${id} AND "status" IN (${Prisma.join([...ENTERED_FROM[to]])}) AND ${where}
    RETURNING *`;
  if (row === undefined) return undefined;
  if (error !== undefined) await appendEvent(tx, id, 'error', error);
  await appendStatus(tx, row, reason);
  return row;
}

/** Appends the row's present status and stage as an event. The caller's transaction must hold the row's lock. */
export async function appendStatus(tx: Transaction, row: Distillation, reason?: EventData['error']): Promise<void> {
  const { id, status, stage, attempt } = row;
  await appendEvent(tx, id, 'status', { status, stage, attempt, ...(reason === undefined ? {} : { error: reason }) });
}
