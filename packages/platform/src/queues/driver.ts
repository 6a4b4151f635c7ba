import type { FlowProducer, Job, Queue, Worker, WorkerOptions } from 'bullmq';

/** The parts of BullMQ's classes that do not depend on the backend they are bound to. */
export type DriverQueue = Pick<
  Queue,
  'add' | 'getJobState' | 'getJob' | 'getJobCounts' | 'remove' | 'waitUntilReady' | 'close'
>;
type DriverFlow = Pick<FlowProducer, 'add' | 'close'>;
export interface DriverWorker extends Pick<Worker, 'cancelJob' | 'waitUntilReady' | 'close'> {
  on(event: 'completed', listener: (job: Job) => void): unknown;
  on(event: 'failed', listener: (job: Job | undefined, error: Error) => void): unknown;
  on(event: 'stalled', listener: (id: string) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'lockRenewalFailed', listener: (ids: string[]) => void): unknown;
}
type DriverProcessor = (job: Job, token: string | undefined, signal: AbortSignal | undefined) => Promise<void>;
type DriverWorkerOptions = Omit<WorkerOptions, 'connection' | 'prefix'>;

/** BullMQ on one backend: makes queues and workers that share what can be shared of its connections. */
export interface QueueDriver {
  readonly backend: 'redis' | 'postgres';
  queue(name: string): DriverQueue;
  flow(): DriverFlow;
  /** A worker has connections of its own, since it blocks on one. */
  worker(name: string, processor: DriverProcessor, options: DriverWorkerOptions): DriverWorker;
  /** Runs `action` while no other process does so under the same key. */
  exclusive<T>(key: string, action: () => Promise<T>): Promise<T>;
  ping(): Promise<void>;
  /** Ends the shared connections, after all that was made here is closed. */
  close(): Promise<void>;
}

/** Hands an emitter's errors to `onError`; BullMQ prints those that nobody listens to. */
export function listen<T extends { on(event: 'error', listener: (error: Error) => void): unknown }>(
  emitter: T,
  onError: (error: Error) => void,
): T {
  emitter.on('error', onError);
  return emitter;
}
