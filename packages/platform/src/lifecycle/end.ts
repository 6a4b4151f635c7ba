import type { Database } from '../database/connect.js';
import { appendEvent } from '../events/append-event.js';
import { type Distillation, Prisma } from '../generated/prisma/client.js';
import type { StoredError } from './failure.js';
import { type Transaction, transition } from './transition.js';

type Prismas = Pick<Database, 'prisma'>;

/** A worker's hold on a row. Whoever claims or releases the row next makes it void, for good: no epoch comes twice. */
export interface Claim {
  id: string;
  /** Token of the claim. */
  epoch: number;
  /** How often the work was begun, this time included; a shutdown of the worker gives it back. */
  attempt: number;
}

/** The condition that a claim still holds. */
export const held = ({ epoch }: Claim): Prisma.Sql => Prisma.sql`"status" = 'running' AND "epoch" = ${epoch}`;

/**
 * Ends a distillation as `failed` (as `cancelled` if that was asked for first).
 *
 * @param of `{id}` from a labeler or the sweeper; a {@link Claim} from a trainer, where nothing happens if it is void
 * @returns the row; undefined when it had ended, or was claimed by another, before
 */
export async function failDistillation(
  { prisma }: Prismas,
  of: { id: string } | Claim,
  error: StoredError,
): Promise<Distillation | undefined> {
  const mine = 'epoch' in of ? held(of) : Prisma.sql`TRUE`;
  return prisma.$transaction(async (tx) => {
    const cancelled = await transition(tx, of.id, 'cancelled', {
      where: Prisma.sql`"cancelRequestedAt" IS NOT NULL AND ${mine}`,
    });
    return cancelled ?? (await transition(tx, of.id, 'failed', { where: mine, error }));
  });
}

/** Ends a distillation as `cancelled` if that was asked for. @returns the row; undefined when nothing was changed */
export async function endCancelled({ prisma }: Prismas, id: string): Promise<Distillation | undefined> {
  return prisma.$transaction((tx) =>
    transition(tx, id, 'cancelled', { where: Prisma.sql`"cancelRequestedAt" IS NOT NULL` }),
  );
}

export interface Success {
  metrics: unknown;
  /** Of a job of several tasks: what was measured of the second one and those after it, in order. */
  furtherMetrics?: readonly { task: string; metrics: unknown }[];
  /** Registers the model version, of several tasks one for each, in the same transaction, so that neither is there without the other. */
  register: (tx: Transaction) => Promise<unknown>;
}

/**
 * Ends a distillation as `succeeded`, with its metrics and its model version, all or nothing.
 *
 * @returns false when the claim is void or a cancellation came first; then nothing was written
 */
export async function succeedDistillation({ prisma }: Prismas, claim: Claim, success: Success): Promise<boolean> {
  return prisma.$transaction(async (tx) => {
    const unspoiled = Prisma.sql`${held(claim)} AND "cancelRequestedAt" IS NULL`;
    const locked = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM "Distillation" WHERE "id" = ${claim.id} AND ${unspoiled} FOR UPDATE`;
    if (locked.length === 0) return false;
    await success.register(tx);
    const metrics = success.metrics as Record<string, unknown>;
    await appendEvent(tx, claim.id, 'metrics', metrics);
    for (const { task, metrics: own } of success.furtherMetrics ?? []) {
      const json = own as Prisma.InputJsonObject;
      const key = { distillationId: claim.id, taskName: task };
      await tx.furtherTask.update({ where: { distillationId_taskName: key }, data: { metrics: json } });
      await appendEvent(tx, claim.id, 'metrics', { task, ...json });
    }
    await transition(tx, claim.id, 'succeeded', { set: [Prisma.sql`"metrics" = ${JSON.stringify(metrics)}::jsonb`] });
    return true;
  });
}
