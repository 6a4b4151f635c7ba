import type { LabelJob, Progress } from '@retort/contracts';
import { labelTexts } from '@retort/distill';
import {
  beatLabelling,
  type Context,
  coalesce,
  doWatched,
  endCancelled,
  failDistillation,
  finishShard,
  isWorthRetrying,
  type JobContext,
  logFailure,
  PROGRESS_INTERVAL_MS,
  reportShard,
  type ShardWork,
  startShard,
  taskOfShard,
  toStoredError,
} from '@retort/platform';
import type { TeacherPool } from './teacher-pool.js';
import type { TransferSets } from './transfer-sets.js';

export interface LabelShardDeps {
  context: Pick<Context, 'database' | 'queues' | 'softLabels' | 'logger'>;
  transferSets: TransferSets;
  teachers: TeacherPool;
}

/**
 * Does one job of the queue `label`. Safe to run twice, also at the same time: soft labels are kept under the text's hash,
 * and a shard that is done is left alone.
 *
 * Throws only what the queue shall see: the interruption of a shutdown, or the failure of this attempt.
 */
export async function processLabelJob(deps: LabelShardDeps, job: JobContext<'label'>): Promise<void> {
  const { database, logger } = deps.context;
  const { distillationId: id } = job.data;
  const log = logger.child({ distillation: id, shard: job.data.shard });
  const work = await startShard(database, job.data);
  if (work === undefined) return;
  try {
    const watched = await doWatched(
      {
        beat: () => beatLabelling(database, id),
        outer: job.signal,
        onError: (error) => log.warn({ err: error }, 'no heartbeat'),
      },
      (signal) => labelShard(deps, job.data, work, signal),
    );
    if (watched.stopped === 'interrupted') throw job.signal.reason;
    if (watched.stopped === 'cancelled') await endCancelled(database, id);
    if (watched.stopped !== undefined) log.info({ why: watched.stopped }, 'labelling stopped');
  } catch (error) {
    if (job.signal.aborted) throw error;
    logFailure(log, error, 'labelling failed');
    if (job.lastAttempt || !isWorthRetrying(error)) await giveUp(deps, work, error);
    throw error;
  }
}

async function labelShard(deps: LabelShardDeps, job: LabelJob, work: ShardWork, signal: AbortSignal): Promise<void> {
  const { database, softLabels, logger } = deps.context;
  const { distillation, shard } = work;
  const { teachers, ...part } = taskOfShard(distillation, shard);
  const rows = await deps.transferSets.shardRows({ distillation, part }, signal);
  const texts = rows.map(({ text }) => text);
  const progress = coalesce<number>({
    intervalMs: PROGRESS_INTERVAL_MS,
    write: (done) => reportShard(database, job, done),
    onError: (error) => logger.warn({ err: error, distillation: job.distillationId }, 'progress not written'),
  });
  try {
    // A text is done when all teachers have answered it, and came from the cache when none had to be asked: at most this often.
    let cached = texts.length;
    let asked = 0;
    for (const [k, row] of teachers.entries()) {
      const onProgress = ({ done }: Progress) => progress.push(Math.floor((k * texts.length + done) / teachers.length));
      const labelled = await deps.teachers.use(row, (teacher) =>
        labelTexts({ teacher, texts, cache: softLabels, signal, onProgress }),
      );
      cached = Math.min(cached, labelled.cached);
      asked += texts.length - labelled.cached;
    }
    await progress.flush();
    await finishShard(database, job, { cached, asked });
  } finally {
    await progress.flush();
  }
}

/** One shard that cannot be labelled ends the whole distillation; its other shards see that and stop. */
async function giveUp(deps: LabelShardDeps, { distillation }: ShardWork, error: unknown): Promise<void> {
  const { database, queues, logger } = deps.context;
  const { id } = distillation;
  await failDistillation(database, { id }, toStoredError(error, id));
  const shards = await database.prisma.labelShard.count({ where: { distillationId: id } });
  await queues
    .removeDistillation({ distillationId: id, shards })
    .catch((reason) => logger.warn({ err: reason, distillation: id }, 'jobs not removed'));
}
