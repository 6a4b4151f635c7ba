import { EventEmitter } from 'node:events';
import type { Job } from 'bullmq';
import { expect, it } from 'vitest';
import type { DriverWorker, QueueDriver } from './driver.js';
import { JobInterrupted } from './job-interrupted.js';
import type { QueueSettings } from './types.js';
import { startWorker } from './worker.js';

type Run = Parameters<QueueDriver['worker']>[1];

/** A worker whose jobs the test delivers in BullMQ's place: BullMQ itself delivers a running job again only where a machine is too busy. */
function workerByHand(settings: Pick<QueueSettings, 'jobLockMs'>, processor: (signal: AbortSignal) => Promise<void>) {
  const signals = new Map<string, AbortController>();
  const bull = Object.assign(new EventEmitter(), {
    cancelJob: (id: string, reason?: unknown) => {
      signals.get(id)?.abort(reason);
      return signals.has(id);
    },
    close: () => closed,
  });
  let ended = () => {};
  const closed = new Promise<void>((resolve) => (ended = resolve));
  const givenBack: string[] = [];
  let run: Run | undefined;
  const driver = {
    worker: (_: string, processed: Run) => {
      run = processed;
      return bull as unknown as DriverWorker;
    },
  } as unknown as QueueDriver;
  const worker = startWorker(driver, settings as QueueSettings, 'teacher', ({ signal }) => processor(signal), {
    addTrials: async () => undefined,
  });
  const deliver = (id: string) => {
    const controller = new AbortController();
    // As BullMQ does: it keeps the signal of the newer run alone.
    signals.set(id, controller);
    const moveToWait = async () => void givenBack.push(id);
    const job = { id, data: { teacherId: id }, attemptsMade: 0, attemptsStarted: 1, opts: {}, moveToWait };
    return run!(job as unknown as Job, 'token', controller.signal).catch((error: Error) => error.cause ?? error);
  };
  return { worker, deliver, givenBack, ended, loseLock: (id: string) => bull.emit('lockRenewalFailed', [id]) };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

it('aborts the run of a job that is delivered again, whose signal BullMQ no longer has', async () => {
  const { worker, deliver } = workerByHand({ jobLockMs: 1000 }, untilAborted);
  const first = deliver('t1');
  const second = deliver('t1');
  expect(worker.active()).toEqual(['t1']);
  worker.cancel('t1', 'enough');
  expect(await first).toMatchObject({ why: 'lock-lost' });
  expect(await second).toMatchObject({ message: 'enough' });
  expect(worker.active()).toEqual([]);
});

it('takes the loss of a lock for that of a run only where it has run long enough to have one renewed', async () => {
  const young = workerByHand({ jobLockMs: 3_600_000 }, untilAborted);
  const going = young.deliver('t1');
  young.loseLock('t1');
  expect(young.worker.active()).toEqual(['t1']);
  young.worker.cancel('t1', 'enough');
  expect(await going).toMatchObject({ message: 'enough' });

  const old = workerByHand({ jobLockMs: 0 }, untilAborted);
  const lost = old.deliver('t1');
  old.loseLock('t1');
  expect(await lost).toBeInstanceOf(JobInterrupted);
});

it('gives back, unbegun, a job that comes while it closes', async () => {
  const begun: AbortSignal[] = [];
  const { worker, deliver, givenBack, ended } = workerByHand({ jobLockMs: 1000 }, (signal) => {
    begun.push(signal);
    return untilAborted(signal);
  });
  const going = deliver('t1');
  const closing = worker.close();
  await going;
  expect(givenBack).toEqual(['t1']);
  await deliver('t1');
  expect(givenBack).toEqual(['t1', 't1']);
  expect(begun).toHaveLength(1);
  ended();
  await closing;
});
