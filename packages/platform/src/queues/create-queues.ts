import { jobId, QUEUE_NAMES, type QueueName, RetortError, type TrialJob } from '@retort/contracts';
import type { FlowJob, JobsOptions } from 'bullmq';
import type { DriverQueue, QueueDriver } from './driver.js';
import { openPostgresDriver } from './postgres-driver.js';
import { openRedisDriver } from './redis-driver.js';
import type { DistillationFlow, JobState, QueueSettings, Queues } from './types.js';
import { startWorker } from './worker.js';

/** States of a job that is still going to be worked on. */
const LIVE: ReadonlySet<JobState> = new Set(['waiting', 'waiting-children', 'delayed', 'active']);
const HOUR = 3600;

/**
 * Opens the queues: on Redis when `redisUrl` is set, else in PostgreSQL (whose queue schema is created or upgraded).
 *
 * @param onError - told of connection trouble after the start; the queues reconnect by themselves.
 * @throws RetortError `RT_UNAVAILABLE` when the backend cannot be reached, `RT_INVALID_FIELD` when neither URL is set.
 */
export async function createQueues(
  settings: QueueSettings,
  onError: (error: Error) => void = () => undefined,
): Promise<Queues> {
  const driver = await openDriver(settings, onError);
  const queues = new Map(QUEUE_NAMES.map((name) => [name, driver.queue(name)]));
  const queue = (name: QueueName): DriverQueue => queues.get(name)!;
  const flow = driver.flow();
  const jobOptions = (id: string): JobsOptions => ({
    jobId: id,
    attempts: settings.jobAttempts,
    backoff: { type: 'exponential', delay: settings.jobBackoffMs },
    // Rows in the database are the record of what was done; the queue keeps finished jobs only for a look.
    removeOnComplete: { age: HOUR, count: 1000 },
    removeOnFail: { age: 24 * HOUR },
  });

  async function state(name: QueueName, id: string): Promise<JobState> {
    const found = await queue(name).getJobState(id);
    if (found === 'unknown') return 'missing';
    return found === 'prioritized' ? 'waiting' : found;
  }

  async function remove(name: QueueName, id: string): Promise<boolean> {
    // Only this job: its children are jobs of their own, with their own locks.
    await queue(name).remove(id, { removeChildren: false });
    return (await state(name, id)) === 'missing';
  }

  /** BullMQ silently drops a job whose id it has seen, so an ended one must make room. Live ones stay. */
  async function makeRoom(name: QueueName, id: string): Promise<void> {
    const found = await state(name, id);
    if (found !== 'missing' && !LIVE.has(found)) await remove(name, id);
  }

  /** Adds trials as children of the job that waits for them. One that fails for good lets its parent go on. */
  async function addTrials(parent: { id: string; queue: string }, trials: TrialJob[]): Promise<void> {
    for (const trial of trials) {
      const id = jobId.trial(trial);
      await makeRoom('trial', id);
      await queue('trial').add('trial', trial, { ...jobOptions(id), parent, ignoreDependencyOnFailure: true });
    }
  }

  const shardIds = ({ distillationId, shards }: DistillationFlow) =>
    Array.from({ length: shards }, (_, shard) => jobId.label({ distillationId, shard }));

  return {
    backend: driver.backend,

    async addDistillationFlow(distillation) {
      const { distillationId } = distillation;
      const id = jobId.train({ distillationId });
      const children: FlowJob[] = shardIds(distillation).map((shardId, shard) => ({
        name: 'label',
        queueName: 'label',
        data: { distillationId, shard },
        opts: { ...jobOptions(shardId), failParentOnFailure: true },
      }));
      await driver.exclusive(`train.${id}`, async () => {
        if (LIVE.has(await state('train', id))) return;
        await makeRoom('train', id);
        for (const shardId of shardIds(distillation)) await makeRoom('label', shardId);
        await flow.add({ name: 'train', queueName: 'train', data: { distillationId }, opts: jobOptions(id), children });
      });
    },

    async addTeacherJob(teacherId) {
      const id = jobId.teacher({ teacherId });
      await driver.exclusive(`teacher.${id}`, async () => {
        await makeRoom('teacher', id);
        await queue('teacher').add('teacher', { teacherId }, jobOptions(id));
      });
    },

    worker: (name, processor, options) => startWorker(driver, settings, name, processor, { ...options, addTrials }),
    state,
    async failure(name, id) {
      const job = await queue(name).getJob(id);
      return (await state(name, id)) === 'failed' ? job?.failedReason : undefined;
    },
    remove,
    async removeDistillation(distillation) {
      const id = jobId.train(distillation);
      await driver.exclusive(`train.${id}`, async () => {
        // The parent first: it would start once its last child were gone.
        await remove('train', id);
        for (const shardId of shardIds(distillation)) await remove('label', shardId);
        for (const trial of distillation.trials ?? []) await remove('trial', jobId.trial(trial));
      });
    },

    async counts(name) {
      const counts = await queue(name).getJobCounts();
      const count = (...states: string[]) => states.reduce((sum, each) => sum + (counts[each] ?? 0), 0);
      return {
        waiting: count('waiting', 'prioritized', 'paused'),
        'waiting-children': count('waiting-children'),
        delayed: count('delayed'),
        active: count('active'),
        completed: count('completed'),
        failed: count('failed'),
      };
    },

    ping: () => driver.ping(),
    async close() {
      await Promise.all([...queues.values(), flow].map((each) => each.close()));
      await driver.close();
    },
  };
}

async function openDriver(settings: QueueSettings, onError: (error: Error) => void): Promise<QueueDriver> {
  const { redisUrl, databaseUrl, queueNamespace } = settings;
  try {
    if (redisUrl) return await openRedisDriver(redisUrl, queueNamespace, onError);
    if (databaseUrl) return await openPostgresDriver(databaseUrl, queueNamespace, onError);
  } catch (error) {
    const backend = redisUrl ? 'Redis (REDIS_URL)' : 'PostgreSQL (DATABASE_URL)';
    throw new RetortError('RT_UNAVAILABLE', `The queue cannot reach ${backend}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  throw new RetortError('RT_INVALID_FIELD', 'The queues need REDIS_URL or DATABASE_URL.');
}
