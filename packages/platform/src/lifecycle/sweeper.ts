import { jobId } from '@retort/contracts';
import type { Database } from '../database/connect.js';
import { Prisma } from '../generated/prisma/client.js';
import type { JobState, Queues } from '../queues/types.js';
import { endCancelled, failDistillation } from './end.js';
import { givenUp, type StoredError, workerLost } from './failure.js';
import { openTrials } from './searching.js';
import { HEARTBEAT_FRESH_MS } from './submit.js';
import { teacherFailed } from './teacher-state.js';
import { transition } from './transition.js';

export interface SweeperContext {
  database: Pick<Database, 'prisma'>;
  queues: Pick<Queues, 'state' | 'addDistillationFlow' | 'addTeacherJob' | 'removeDistillation' | 'remove' | 'failure'>;
  logger: { info(fields: object, message: string): void; error(fields: object, message: string): void };
}

export interface SweeperOptions {
  /** Milliseconds between sweeps. Default 5 000. */
  intervalMs?: number;
  /** A job without a sign of life for this long is looked up in the queue. Milliseconds, default 15 000. */
  staleMs?: number;
  /**
   * A job that the queue believes to be running, without a sign of life for this long, has no worker left that could
   * even notice: it fails. Milliseconds, default 600 000.
   */
  abandonedMs?: number;
}

/** What one sweep did, by id of the distillation or teacher. */
export interface SweepReport {
  cancelled: string[];
  requeued: string[];
  failed: string[];
}

/** Any constant that nothing else in this database locks by. */
const SWEEP_LOCK = 0x5265746f72;

const STALE_MS = 15_000;
const ABANDONED_MS = 600_000;

/** More than this many rows of a table are left to the next sweep. */
const BATCH = 100;

/** Rows of a table that are not reached within this long are left to the next sweep, in milliseconds. */
const TURN_MS = 15_000;

/** More than this, and the lock is let go: two turns and the cancellations need less. Milliseconds. */
const SWEEP_TIMEOUT_MS = 60_000;

/**
 * Where the next sweep goes on: the last id of each table that was looked at; '' at the start. Most of what it looks at is
 * waiting as it should, so each sweep looks at the rows after those of the last one, round and round. By id, which nothing
 * changes, so that none is passed over.
 */
export interface SweepPosition {
  distillation: string;
  teacher: string;
}

/**
 * Looks for rows that wait for something that will not come, and puts them right:
 *
 * - cancellation asked for, no worker on it: cancelled
 * - the queue lost the job, or gave up on it without the row being told: queued again
 * - queued again too often, or nobody left to take it over: failed with `RT_WORKER_LOST`
 *
 * One process sweeps at a time (an advisory lock held for the sweep); the others return an empty report. A sweep looks at
 * 100 rows of each table at most.
 *
 * @param position where to begin; moved to where the next sweep shall go on. Default: the first row
 */
export async function sweep(
  context: SweeperContext,
  options: SweeperOptions = {},
  position: SweepPosition = { distillation: '', teacher: '' },
): Promise<SweepReport> {
  const report: SweepReport = { cancelled: [], requeued: [], failed: [] };
  await context.database.prisma.$transaction(
    async (tx) => {
      const [lock] = await tx.$queryRaw<
        { mine: boolean }[]
      >`SELECT pg_try_advisory_xact_lock(${SWEEP_LOCK}::bigint) AS mine`;
      if (!lock!.mine) return;
      await sweepCancelled(context, report);
      await sweepDistillations(context, options, report, position);
      await sweepTeachers(context, options, report, position);
    },
    { timeout: SWEEP_TIMEOUT_MS },
  );
  return report;
}

async function sweepCancelled(context: SweeperContext, report: SweepReport): Promise<void> {
  const rows = await context.database.prisma.$queryRaw<{ id: string }[]>`
    SELECT "id" FROM "Distillation"
     WHERE "status" IN ('queued', 'running') AND "cancelRequestedAt" < now() - ${HEARTBEAT_FRESH_MS} * interval '1 ms'
       AND ("heartbeatAt" IS NULL OR "heartbeatAt" < now() - ${HEARTBEAT_FRESH_MS} * interval '1 ms') LIMIT ${BATCH}`;
  for (const { id } of rows) {
    if ((await endCancelled(context.database, id)) !== undefined) report.cancelled.push(id);
  }
}

/** Does `work` for each row of a page, noting in `position` how far it came, for as long as a turn may take. */
async function takeTurn<T extends { id: string }>(
  page: T[],
  position: SweepPosition,
  table: keyof SweepPosition,
  work: (row: T) => Promise<void>,
): Promise<void> {
  const end = Date.now() + TURN_MS;
  for (const row of page) {
    if (Date.now() > end) return;
    position[table] = row.id; // Before the work, so that a row at which it fails is not in the way of those behind it.
    await work(row);
  }
  if (page.length < BATCH) position[table] = '';
}

interface Stale {
  id: string;
  shards: number;
  /** Since the last sign of life. */
  silentMs: number;
}

async function sweepDistillations(
  context: SweeperContext,
  options: SweeperOptions,
  report: SweepReport,
  position: SweepPosition,
): Promise<void> {
  const { staleMs = STALE_MS, abandonedMs = ABANDONED_MS } = options;
  const rows = await context.database.prisma.$queryRaw<Stale[]>`
    SELECT "id", EXTRACT(EPOCH FROM now() - COALESCE("heartbeatAt", "createdAt"))::float8 * 1000 AS "silentMs",
           (SELECT COUNT(*)::int FROM "LabelShard" WHERE "distillationId" = "id") AS shards
      FROM "Distillation"
     WHERE "status" IN ('queued', 'running') AND COALESCE("heartbeatAt", "createdAt") < now() - ${staleMs} * interval '1 ms'
       AND "id" > ${position.distillation}
     ORDER BY "id" LIMIT ${BATCH}`;
  await takeTurn(rows, position, 'distillation', async (row) => {
    const state = await flowState(context, row);
    if (state === 'failed') await fail(context, row, await whyFailed(context, 'train', row.id), report);
    else if (state === 'lost') await requeue(context, row, staleMs, report);
    else if (state === 'active' && row.silentMs > abandonedMs) await fail(context, row, silence(row.silentMs), report);
  });
}

/**
 * - `alive`: it waits in the queue, for its shards, or for its next attempt
 * - `active`: the queue believes that a worker is on it
 * - `failed`: the queue gave up
 * - `lost`: the queue has nothing that would ever move it
 */
type FlowState = 'alive' | 'active' | 'failed' | 'lost';

const FLOW_STATES: Record<JobState, FlowState> = {
  waiting: 'alive',
  delayed: 'alive',
  'waiting-children': 'alive',
  active: 'active',
  failed: 'failed',
  completed: 'lost',
  missing: 'lost',
};

async function flowState({ database, queues }: SweeperContext, { id }: Stale): Promise<FlowState> {
  const train = await queues.state('train', id);
  if (train !== 'waiting-children') return FLOW_STATES[train];
  const open = await database.prisma.labelShard.findMany({
    where: { distillationId: id, doneAt: null },
    select: { index: true },
    take: BATCH,
  });
  const found = new Set<FlowState>();
  for (const { index } of open) {
    const shard = FLOW_STATES[await queues.state('label', jobId.label({ distillationId: id, shard: index }))];
    if (shard === 'failed' || shard === 'lost') return 'lost';
    found.add(shard);
  }
  for (const trial of await openTrials(database, id)) {
    const state = FLOW_STATES[await queues.state('trial', jobId.trial(trial))];
    if (state === 'failed' || state === 'lost') return 'lost';
    found.add(state);
  }
  // Shards and trials that wait are alive whatever the others do; a worker that comes for them also finds those of the dead.
  return found.has('active') && !found.has('alive') ? 'active' : 'alive';
}

async function whyFailed({ queues }: SweeperContext, queue: 'train' | 'teacher', id: string): Promise<StoredError> {
  return givenUp(queue === 'train' ? 'The distillation' : 'Its training', await queues.failure(queue, id));
}

function silence(ms: number): StoredError {
  const seconds = Math.round(ms / 1000);
  return workerLost(`No worker has shown a sign of life for ${seconds} s, and none came to take the job over.`);
}

async function fail(
  context: SweeperContext,
  { id, shards }: Stale,
  why: StoredError,
  report: SweepReport,
): Promise<void> {
  if ((await failDistillation(context.database, { id }, why)) === undefined) return;
  report.failed.push(id);
  const trials = await openTrials(context.database, id);
  await context.queues.removeDistillation({ distillationId: id, shards, trials });
}

async function requeue(context: SweeperContext, row: Stale, staleMs: number, report: SweepReport): Promise<void> {
  const stale = Prisma.sql`COALESCE("heartbeatAt", "createdAt") < now() - ${staleMs} * interval '1 ms'`;
  const set = [Prisma.sql`"epoch" = "epoch" + 1, "stage" = NULL, "progress" = NULL, "heartbeatAt" = now()`];
  const reason = workerLost('The queue no longer had the job; it was added again.');
  const queued = await context.database.prisma.$transaction((tx) =>
    transition(tx, row.id, 'queued', { where: stale, set, reason }),
  );
  if (queued === undefined) return; // Someone is on it again.
  const flow = { distillationId: row.id, shards: row.shards };
  await context.queues.removeDistillation({ ...flow, trials: await openTrials(context.database, row.id) });
  await context.queues.addDistillationFlow(flow);
  report.requeued.push(row.id);
}

async function sweepTeachers(
  context: SweeperContext,
  options: SweeperOptions,
  report: SweepReport,
  position: SweepPosition,
): Promise<void> {
  const { staleMs = STALE_MS, abandonedMs = ABANDONED_MS } = options;
  const { database, queues } = context;
  const rows = await database.prisma.$queryRaw<{ id: string; silentMs: number }[]>`
    SELECT "id", EXTRACT(EPOCH FROM now() - COALESCE("heartbeatAt", "updatedAt"))::float8 * 1000 AS "silentMs"
      FROM "Teacher"
     WHERE "status" = 'training' AND COALESCE("heartbeatAt", "updatedAt") < now() - ${staleMs} * interval '1 ms'
       AND "id" > ${position.teacher}
     ORDER BY "id" LIMIT ${BATCH}`;
  await takeTurn(rows, position, 'teacher', async ({ id, silentMs }) => {
    const state = FLOW_STATES[await queues.state('teacher', id)];
    if (state === 'failed' || (state === 'active' && silentMs > abandonedMs)) {
      const why = state === 'failed' ? await whyFailed(context, 'teacher', id) : silence(silentMs);
      await teacherFailed(database, { id }, why);
      report.failed.push(id);
    } else if (state === 'lost') {
      await queues.remove('teacher', id);
      await queues.addTeacherJob(id);
      report.requeued.push(id);
    }
  });
}

export interface Sweeper {
  /** Ends the sweeping; waits for a sweep under way. */
  stop(): Promise<void>;
}

/** Sweeps now and then every {@link SweeperOptions.intervalMs}, until stopped. Failures are logged and tried again. */
export function startSweeper(context: SweeperContext, options: SweeperOptions = {}): Sweeper {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const position: SweepPosition = { distillation: '', teacher: '' };
  const turn = async (): Promise<void> => {
    try {
      const report = await sweep(context, options, position);
      if (Object.values(report).some((ids) => ids.length > 0)) context.logger.info({ ...report }, 'swept');
    } catch (error) {
      if (!stopped) context.logger.error({ err: error }, 'sweep failed');
    }
    if (!stopped) timer = setTimeout(next, options.intervalMs ?? 5_000);
  };
  let running = turn();
  function next(): void {
    running = turn();
  }
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
