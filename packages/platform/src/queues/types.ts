import type { JobPayload, QueueName, TrialJob } from '@retort/contracts';

/** Where the queues live and how patient they are; a {@link Config} fits. Durations in milliseconds. */
export interface QueueSettings {
  /** Used when `redisUrl` is unset. */
  databaseUrl?: string | undefined;
  /** `redis://` or `rediss://`; takes precedence. */
  redisUrl?: string | undefined;
  /** Key prefix in Redis, schema in PostgreSQL: `[a-z_][a-z0-9_]{0,47}`. */
  queueNamespace: string;
  /** Times a job is tried before it counts as failed. */
  jobAttempts: number;
  /** Wait before the second attempt; doubles with each further one. */
  jobBackoffMs: number;
  /** A worker that has not renewed its lock for this long has lost the job. */
  jobLockMs: number;
  /** How often each worker looks for such jobs. */
  jobStalledIntervalMs: number;
}

/**
 * - `waiting`: will run when a worker is free; `delayed`: waits for its next attempt
 * - `waiting-children`: a train job whose shards are not all labelled, or whose trials are not all done
 * - `missing`: never added, removed, or finished long ago
 */
export type JobState = 'waiting' | 'waiting-children' | 'delayed' | 'active' | 'completed' | 'failed' | 'missing';

/** What a processor gets. */
export interface JobContext<Q extends QueueName = QueueName> {
  queue: Q;
  id: string;
  data: JobPayload<Q>;
  /** How often this job was started, this time included: 1, 2, … Counts attempts whose worker died. */
  attempt: number;
  /** Whether the queue gives up if this attempt fails. */
  lastAttempt: boolean;
  /**
   * Aborts when {@link JobWorker.cancel} names this job, when the lock was lost (another worker may have the job now), or
   * when the worker has to close. After a close the job goes back to the queue without losing an attempt.
   */
  signal: AbortSignal;
}

/** What a processor answers that cannot go on before these jobs have ended, well or not; then it is called again. */
export interface WaitsFor {
  trials: TrialJob[];
}

/** Does one job. Must be idempotent: a job may run twice. Throwing fails the attempt. */
export type JobProcessor<Q extends QueueName> =
  | ((job: JobContext<Q>) => Promise<void>)
  | ((job: JobContext<Q>) => Promise<WaitsFor | undefined>);

/** The outcome of one attempt, as a worker reports it. */
export interface JobOutcome<Q extends QueueName = QueueName> {
  queue: Q;
  id: string;
  data: JobPayload<Q>;
  seconds: number;
  /** Undefined when the job completed. */
  error?: Error;
  /** Whether the job is over: completed, or failed for good. */
  final: boolean;
}

export interface WorkerOptions<Q extends QueueName = QueueName> {
  /** Jobs at a time. Default 1. */
  concurrency?: number;
  /** Times that a job may lose its worker before the queue gives it up. Default: one less than its attempts, at least 1. */
  maxStalled?: number;
  /**
   * Whether a failed attempt is worth another. Default: not for a `RetortError` that blames the input (status below 500)
   * nor for `RT_TRAINING_DIVERGED`, which the same seed repeats.
   */
  retry?: (error: unknown) => boolean;
  /** Called after every attempt, also when a train job fails because one of its shards did (its processor never ran). */
  onOutcome?: (outcome: JobOutcome<Q>) => void | Promise<void>;
  /** A job of some dead worker was put back into the queue. */
  onStalled?: (jobId: string) => void;
  /** Connection trouble and lost locks; the worker goes on by itself. */
  onError?: (error: Error) => void;
}

export interface JobWorker {
  /** Resolves once the worker is connected and takes jobs. */
  ready(): Promise<void>;
  /** Aborts a job of this worker; false when it is not running here. */
  cancel(jobId: string, reason: unknown): boolean;
  /** Ids of the jobs running here. */
  active(): string[];
  /**
   * Takes no more jobs, lets the running ones finish for `timeoutMs` (default 0), then aborts them and gives them back
   * to the queue. Resolves when everything is closed.
   */
  close(options?: { timeoutMs?: number }): Promise<void>;
}

/**
 * A distillation's jobs: label shards `0 … shards - 1`, then training. A shard that fails for good fails the train job,
 * without running its processor (its worker's `onOutcome` hears it).
 */
export interface DistillationFlow {
  distillationId: string;
  shards: number;
  /** Trials that may wait or run, which only a removal looks at: a train job adds them itself. Default: none. */
  trials?: TrialJob[];
}

export interface Queues {
  readonly backend: 'redis' | 'postgres';
  /**
   * Adds the label jobs and the train job that waits for all of them. Replaces a finished or failed flow of the same
   * distillation; a live one is left as it is.
   */
  addDistillationFlow(flow: DistillationFlow): Promise<void>;
  /** Adds the job that trains a teacher's head, replacing a finished or failed one; a live one is left as it is. */
  addTeacherJob(teacherId: string): Promise<void>;
  /** Starts taking jobs of one queue. */
  worker<Q extends QueueName>(queue: Q, processor: JobProcessor<Q>, options?: WorkerOptions<Q>): JobWorker;
  state(queue: QueueName, id: string): Promise<JobState>;
  /** Why a job failed for good, as its last error said; undefined when it did not. */
  failure(queue: QueueName, id: string): Promise<string | undefined>;
  /** Removes a job that no worker holds. False when it is running; true when it is gone. */
  remove(queue: QueueName, id: string): Promise<boolean>;
  /** Removes a distillation's train job, all its shards and the trials named; jobs that run now are left to finish. */
  removeDistillation(flow: DistillationFlow): Promise<void>;
  /** Jobs by state, for metrics and scaling. */
  counts(queue: QueueName): Promise<Record<Exclude<JobState, 'missing'>, number>>;
  /** Resolves when the backend answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
