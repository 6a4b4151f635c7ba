import { RetortError, type StoredTeacherManifest, type TeacherStatus } from '@retort/contracts';
import type { Database } from '../database/connect.js';
import { appendEvent } from '../events/append-event.js';
import { type Dataset, Prisma, type Teacher } from '../generated/prisma/client.js';
import type { Claim } from './end.js';
import { type StoredError, workerLost } from './failure.js';
import { HEARTBEAT_FRESH_MS } from './submit.js';
import type { Transaction } from './transition.js';
import type { Pulse } from './watch.js';

type Prismas = Pick<Database, 'prisma'>;

/** Outcome of {@link claimTeacher}; as {@link ClaimOutcome} of a distillation. */
export type TeacherClaim =
  | { kind: 'claimed'; teacher: Teacher & { dataset: Dataset | null }; claim: Claim }
  | { kind: 'busy' }
  | { kind: 'over' };

/** The condition that a claim still holds. A teacher in `training` is waiting while it has no heartbeat. */
const held = ({ epoch }: Claim): Prisma.Sql => Prisma.sql`"status" = 'training' AND "epoch" = ${epoch}`;

/** The only writer of a teacher's status after its registration: from `training` to `ready`, `failed` or `cancelled`, never back. */
async function write(
  tx: Transaction,
  id: string,
  set: Prisma.Sql,
  where: Prisma.Sql,
  status: TeacherStatus,
  error?: StoredError,
): Promise<Teacher | undefined> {
  const [row] = await tx.$queryRaw<Teacher[]>`
    UPDATE "Teacher" SET "status" = ${status}, "updatedAt" = now(), ${set}
     WHERE "id" = ${id} AND "status" = 'training' AND ${where} RETURNING *`;
  if (row === undefined) return undefined;
  if (error !== undefined && status === 'failed') await appendEvent(tx, id, 'error', error);
  const again = error !== undefined && status === 'training' ? { error } : {};
  await appendEvent(tx, id, 'status', { status, attempt: row.attempt, ...again });
  return row;
}

/**
 * Claims a teacher whose head is to be trained.
 *
 * @param maxAttempts how often training may begin; one that finds them used up fails it with `RT_WORKER_LOST`
 */
export async function claimTeacher({ prisma }: Prismas, id: string, maxAttempts: number): Promise<TeacherClaim> {
  return prisma.$transaction(async (tx): Promise<TeacherClaim> => {
    const free = Prisma.sql`("heartbeatAt" IS NULL OR "heartbeatAt" < now() - ${HEARTBEAT_FRESH_MS} * interval '1 ms')`;
    const set = Prisma.sql`"epoch" = "epoch" + 1, "attempt" = "attempt" + 1, "heartbeatAt" = now(), "progress" = NULL`;
    const row = await write(tx, id, set, Prisma.sql`"attempt" < ${maxAttempts} AND ${free}`, 'training');
    if (row !== undefined) {
      const teacher = await tx.teacher.findUniqueOrThrow({ where: { id }, include: { dataset: true } });
      return { kind: 'claimed', teacher, claim: { id, epoch: row.epoch, attempt: row.attempt } };
    }
    const error = workerLost(`Its training was begun ${maxAttempts} times and the worker died each time.`);
    const failure = Prisma.sql`"error" = ${JSON.stringify(error)}::jsonb`;
    const lost = Prisma.sql`"attempt" >= ${maxAttempts} AND ${free}`;
    if ((await write(tx, id, failure, lost, 'failed', error)) !== undefined) return { kind: 'over' };
    const current = await tx.teacher.findUnique({ where: { id }, select: { status: true } });
    return { kind: current?.status === 'training' ? 'busy' : 'over' };
  });
}

/** A sign of life for a teacher that is being trained under `claim`. */
export async function beatTeacher({ prisma }: Prismas, claim: Claim): Promise<Pulse> {
  const count = await prisma.$executeRaw`
    UPDATE "Teacher" SET "heartbeatAt" = now() WHERE "id" = ${claim.id} AND ${held(claim)}`;
  return count === 0 ? 'superseded' : 'alive';
}

/** Writes the progress of a teacher's training. @returns false if the claim is void */
export async function reportTeacherProgress({ prisma }: Prismas, claim: Claim, progress: object): Promise<boolean> {
  return prisma.$transaction(async (tx) => {
    const count = await tx.$executeRaw`
      UPDATE "Teacher" SET "progress" = ${JSON.stringify(progress)}::jsonb WHERE "id" = ${claim.id} AND ${held(claim)}`;
    if (count === 0) return false;
    await appendEvent(tx, claim.id, 'progress', progress as Record<string, unknown>);
    return true;
  });
}

export interface TrainedTeacher {
  /** Digest over the files that decide its answers. */
  digest: string;
  labels: string[];
  manifest: StoredTeacherManifest;
  metrics: unknown;
}

/** Ends the training as `ready`. @returns false if the claim is void; then nothing was written */
export async function teacherReady({ prisma }: Prismas, claim: Claim, trained: TrainedTeacher): Promise<boolean> {
  return prisma.$transaction(async (tx) => {
    const locked = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM "Teacher" WHERE "id" = ${claim.id} AND ${held(claim)} FOR UPDATE`;
    if (locked.length === 0) return false;
    const metrics = trained.metrics as Record<string, unknown>;
    await appendEvent(tx, claim.id, 'metrics', metrics);
    const set = Prisma.sql`"digest" = ${trained.digest}, "labels" = ${trained.labels}::text[], "progress" = NULL,
      "error" = NULL, "manifest" = ${JSON.stringify(trained.manifest)}::jsonb, "metrics" = ${JSON.stringify(metrics)}::jsonb`;
    return (await write(tx, claim.id, set, held(claim), 'ready')) !== undefined;
  });
}

/** Ends the training as `failed`. @param of a {@link Claim} from a worker, `{id}` from the sweeper */
export async function teacherFailed(
  { prisma }: Prismas,
  of: { id: string } | Claim,
  error: StoredError,
): Promise<void> {
  const set = Prisma.sql`"progress" = NULL, "error" = ${JSON.stringify(error)}::jsonb`;
  const where = 'epoch' in of ? held(of) : Prisma.sql`TRUE`;
  await prisma.$transaction((tx) => write(tx, of.id, set, where, 'failed', error));
}

/** Gives a claimed teacher back to the queue; without a reason (the worker shuts down) the attempt is not counted. */
export async function releaseTeacher({ prisma }: Prismas, claim: Claim, reason?: StoredError): Promise<void> {
  const uncount = reason === undefined ? Prisma.sql`, "attempt" = "attempt" - 1` : Prisma.empty;
  const set = Prisma.sql`"epoch" = "epoch" + 1, "progress" = NULL, "heartbeatAt" = NULL${uncount}`;
  await prisma.$transaction((tx) => write(tx, claim.id, set, held(claim), 'training', reason));
}

/**
 * Cancels the training of a teacher, at once: a worker that is on it finds its claim void within a second and stops. Asking
 * twice is fine.
 *
 * @returns the row, `cancelled`
 * @throws RetortError `RT_NOT_FOUND`; `RT_CONFLICT` when it is ready or has failed already
 */
export async function cancelTeacher({ prisma }: Prismas, id: string): Promise<Teacher> {
  const set = Prisma.sql`"progress" = NULL, "error" = NULL`;
  const cancelled = await prisma.$transaction((tx) => write(tx, id, set, Prisma.sql`TRUE`, 'cancelled'));
  if (cancelled !== undefined) return cancelled;
  const row = await prisma.teacher.findUnique({ where: { id } });
  if (row === null) throw new RetortError('RT_NOT_FOUND', `There is no teacher "${id}".`);
  if (row.status === 'cancelled') return row;
  throw new RetortError('RT_CONFLICT', `Teacher ${id} is ${row.status} already; its training cannot be cancelled.`);
}
