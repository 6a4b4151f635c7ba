import { join } from 'node:path';
import {
  CanonicalRows,
  type Context,
  failDistillation,
  givenUp,
  type JobOutcome,
  ModelFolders,
  type Service,
  startSweeper,
  teacherFailed,
} from '@retort/platform';
import type { TrainerDeps } from './deps.js';
import { processTeacherJob } from './teacher-job.js';
import { tidyCheckpoints } from './tidy-checkpoints.js';
import { processTrainJob } from './train-job.js';
import { onTrialGivenUp, processTrialJob } from './trial-job.js';
import { WorkFolders } from './work-folders.js';

/** What the processors of a trainer need, on this context. */
export function trainerDeps(context: Context): TrainerDeps {
  const { artifacts, config } = context;
  return {
    context,
    rows: new CanonicalRows(artifacts),
    models: new ModelFolders(artifacts, join(config.dataDir, 'models')),
    scratch: new WorkFolders(join(config.dataDir, 'training')),
  };
}

/**
 * Starts the workers of the queues `train`, `trial` and `teacher`: each trains in worker threads of TRAIN_THREADS threads,
 * TRAIN_CONCURRENCY jobs of a queue at a time. Any number of trainers may run side by side.
 */
export async function createTrainer(context: Context): Promise<Service> {
  const { config, database, queues, logger, metrics } = context;
  const deps = trainerDeps(context);
  const common = {
    concurrency: config.trainConcurrency,
    // The row counts attempts; this only bounds deliveries that die before they can claim it.
    maxStalled: 4 * config.jobAttempts,
    onStalled: (id: string) => logger.warn({ job: id }, 'a trainer died; its job is back in the queue'),
    onError: (error: Error) => logger.warn({ err: error }, 'the queue is in trouble'),
  };

  /** A job whose workers died too often, or whose shards failed, ends without its processor: its row has to hear of it. */
  const onTrainOutcome = async (outcome: JobOutcome<'train'>): Promise<void> => {
    metrics.recordJob(outcome);
    if (outcome.error === undefined || !outcome.final) return;
    const id = outcome.data.distillationId;
    await failDistillation(database, { id }, givenUp('Training', outcome.error.message));
  };
  const onTeacherOutcome = async (outcome: JobOutcome<'teacher'>): Promise<void> => {
    metrics.recordJob(outcome);
    if (outcome.error === undefined || !outcome.final) return;
    const id = outcome.data.teacherId;
    await teacherFailed(database, { id }, givenUp('Its training', outcome.error.message));
  };

  const onTrialOutcome = async (outcome: JobOutcome<'trial'>): Promise<void> => {
    metrics.recordJob(outcome);
    await onTrialGivenUp(deps, outcome);
  };

  await tidyCheckpoints(deps);
  const workers = [
    queues.worker('train', (job) => processTrainJob(deps, job), { ...common, onOutcome: onTrainOutcome }),
    queues.worker('trial', (job) => processTrialJob(deps, job), { ...common, onOutcome: onTrialOutcome }),
    queues.worker('teacher', (job) => processTeacherJob(deps, job), { ...common, onOutcome: onTeacherOutcome }),
  ];
  const sweeper = startSweeper(context);
  await Promise.all(workers.map((worker) => worker.ready()));
  return {
    async close() {
      const options = { timeoutMs: config.shutdownTimeoutMs };
      await Promise.all([...workers.map((worker) => worker.close(options)), sweeper.stop()]);
    },
  };
}
