import { JOB_SCHEMAS, type JobPayload, type QueueName, type TrialJob } from '@retort/contracts';
import { type Job, UnrecoverableError, WaitingChildrenError, WaitingError } from 'bullmq';
import { Value } from 'typebox/value';
import type { DriverWorker, QueueDriver } from './driver.js';
import { JobInterrupted } from './job-interrupted.js';
import { JobRuns } from './job-runs.js';
import { isWorthRetrying } from './retry.js';
import type { JobContext, JobOutcome, JobProcessor, JobWorker, QueueSettings, WorkerOptions } from './types.js';

/** How long aborted processors may take to stop before a closing worker leaves without them, in milliseconds. */
const ABORT_GRACE = 10_000;

interface StartOptions<Q extends QueueName> extends WorkerOptions<Q> {
  /** Adds the jobs that a processor waits for as children of its job. */
  addTrials: (parent: { id: string; queue: string }, trials: TrialJob[]) => Promise<void>;
}

/** Starts a BullMQ worker around `processor`. See {@link JobWorker}. */
export function startWorker<Q extends QueueName>(
  driver: QueueDriver,
  settings: QueueSettings,
  queue: Q,
  processor: JobProcessor<Q>,
  options: StartOptions<Q>,
): JobWorker {
  const runs = new JobRuns();
  const durations = new WeakMap<Job, number>();
  const reports = new Set<Promise<void>>();
  const onError = options.onError ?? (() => undefined);
  const retry = options.retry ?? isWorthRetrying;

  // BullMQ makes a signal for processors that take three parameters without defaults.
  async function run(job: Job, token: string | undefined, signal: AbortSignal | undefined): Promise<void> {
    const id = job.id!;
    if (!signal) throw new Error('BullMQ gave no abort signal.');
    if (!Value.Check(JOB_SCHEMAS[queue], job.data)) {
      throw new UnrecoverableError(`The payload of job ${id} does not fit the queue ${queue}.`);
    }
    const lastAttempt = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    const start = performance.now();
    const given = { queue, id, data: job.data as JobPayload<Q>, attempt: job.attemptsStarted, lastAttempt };
    try {
      await runs.run(id, signal, (own) => work(job, token, { ...given, signal: own }));
    } finally {
      durations.set(job, (performance.now() - start) / 1000);
    }
  }

  async function work(job: Job, token: string | undefined, context: JobContext<Q>): Promise<void> {
    const { id, signal } = context;
    try {
      // Of a worker that closes: its processor is not begun.
      signal.throwIfAborted();
      for (let waits = await processor(context); waits; waits = await processor(context)) {
        await options.addTrials({ id, queue: job.queueQualifiedName }, waits.trials);
        // Not so where all of them have ended in the meantime.
        if (await job.moveToWaitingChildren(token ?? '')) throw new WaitingChildrenError();
      }
    } catch (error) {
      if (error instanceof WaitingChildrenError) throw error;
      if (signal.aborted && signal.reason instanceof JobInterrupted && signal.reason.why === 'closing') {
        await job.moveToWait(token);
        throw new WaitingError();
      }
      throw toJobError(error, retry(error));
    }
  }

  function report(job: Job, error?: Error): void {
    const outcome: JobOutcome<Q> = {
      queue,
      id: job.id!,
      data: job.data as JobPayload<Q>,
      seconds: durations.get(job) ?? 0,
      ...(error === undefined ? {} : { error: thrown(error) }),
      final: error === undefined || job.finishedOn !== undefined,
    };
    const reporting = Promise.resolve(outcome).then(options.onOutcome).catch(onError);
    const done = reporting.then(() => void reports.delete(done));
    reports.add(done);
  }

  const worker = driver.worker(queue, run, {
    concurrency: options.concurrency ?? 1,
    lockDuration: settings.jobLockMs,
    stalledInterval: settings.jobStalledIntervalMs,
    // A job whose worker dies is tried again as often as one that throws.
    maxStalledCount: options.maxStalled ?? Math.max(1, settings.jobAttempts - 1),
  });
  worker.on('completed', (job) => report(job));
  worker.on('failed', (job, error) => job && report(job, error));
  worker.on('stalled', (id) => options.onStalled?.(id));
  worker.on('error', onError);
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) {
      // BullMQ renews no lock in the first quarter of its time: what failed is the lock of an earlier run of the job.
      if ((runs.age(id) ?? 0) < settings.jobLockMs / 4) continue;
      worker.cancelJob(id, abortReason('lock-lost'));
    }
  });

  let closing: Promise<void> | undefined;
  return {
    ready: () => worker.waitUntilReady(),
    cancel: (id, reason) => worker.cancelJob(id, reason as string),
    active: () => runs.ids(),
    close({ timeoutMs = 0 } = {}) {
      closing ??= closeWorker(worker, runs, { timeoutMs, onError }).then(async () => {
        await Promise.all(reports);
      });
      return closing;
    },
  };
}

/** BullMQ types a reason as text but hands any value on to the signal. */
function abortReason(why: 'closing' | 'lock-lost'): string {
  return new JobInterrupted(why) as unknown as string;
}

/** BullMQ gives up at an `UnrecoverableError`, whatever attempts are left. The cause is what was thrown. */
function toJobError(error: unknown, retry: boolean): Error {
  const known = error instanceof Error ? error : new Error(String(error));
  return retry ? known : Object.assign(new UnrecoverableError(known.message), { cause: known });
}

/** What the processor threw, out of the wrapping that {@link toJobError} gave it. */
function thrown(error: Error): Error {
  return error instanceof UnrecoverableError && error.cause instanceof Error ? error.cause : error;
}

async function closeWorker(
  worker: DriverWorker,
  runs: JobRuns,
  { timeoutMs, onError }: { timeoutMs: number; onError: (error: Error) => void },
): Promise<void> {
  const closed = worker.close();
  if (await settlesWithin(closed, timeoutMs)) return;
  runs.close();
  if (await settlesWithin(closed, ABORT_GRACE)) return;
  onError(new Error(`A job ignored its abort signal for ${ABORT_GRACE} ms; the worker closes without it.`));
}

async function settlesWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([promise.then(() => true as const), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
