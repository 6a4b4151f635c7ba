import { join } from 'node:path';
import { MOST_TEACHERS } from '@retort/contracts';
import {
  CanonicalRows,
  type Context,
  failDistillation,
  givenUp,
  type JobOutcome,
  ModelFolders,
  type Service,
  startSweeper,
} from '@retort/platform';
import { processLabelJob } from './label-shard.js';
import { TeacherPool } from './teacher-pool.js';
import { TransferSets } from './transfer-sets.js';

/** Teachers that a labeler keeps open: all of one job, or each of its shards would open them anew. Idle ones are closed. */
const OPEN_TEACHERS = MOST_TEACHERS;

/**
 * Starts a worker of the queue `label`: asks teachers for soft labels, shard by shard. LABEL_CONCURRENCY shards at a time,
 * LABEL_THREADS threads for each teacher. Any number of labelers may run side by side.
 */
export async function createLabeler(context: Context): Promise<Service> {
  const { config, database, queues, artifacts, logger, metrics } = context;
  const models = new ModelFolders(artifacts, join(config.dataDir, 'models'));
  const teachers = new TeacherPool({
    folders: models,
    threads: config.labelThreads,
    capacity: Math.max(OPEN_TEACHERS, config.labelConcurrency),
  });
  const rows = new CanonicalRows(artifacts);
  const deps = { context, transferSets: new TransferSets({ context, rows, teachers, models }), teachers };

  /** A shard whose workers died too often fails without its processor having run: its row has to hear of it too. */
  async function onOutcome(outcome: JobOutcome<'label'>): Promise<void> {
    metrics.recordJob(outcome);
    if (outcome.error === undefined || !outcome.final) return;
    const id = outcome.data.distillationId;
    await failDistillation(database, { id }, givenUp('Labelling', outcome.error.message));
  }

  const worker = queues.worker('label', (job) => processLabelJob(deps, job), {
    concurrency: config.labelConcurrency,
    onOutcome,
    onStalled: (id) => logger.warn({ job: id }, 'a labeler died; its shard is back in the queue'),
    onError: (error) => logger.warn({ err: error }, 'the queue is in trouble'),
  });
  const sweeper = startSweeper(context);
  await worker.ready();
  return {
    async close() {
      await Promise.all([worker.close({ timeoutMs: config.shutdownTimeoutMs }), sweeper.stop()]);
      await teachers.close();
    },
  };
}
