import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type QueueName, RetortError } from '@retort/contracts';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { queueBackends, type TestEnvironment, testEnvironment } from '../../../../test/support/servers.ts';
import type { Config } from '../config/load.js';
import { createQueues } from './create-queues.js';
import { JobInterrupted } from './job-interrupted.js';
import type { JobContext, JobOutcome, JobProcessor, JobWorker, Queues, WorkerOptions } from './types.js';

/** Node cannot run TypeScript, so other processes take the built module. */
const BUILT = new URL('../../dist/queues/create-queues.js', import.meta.url);

/** One suite, two backends: whatever a service relies on must hold on both. */
describe.each(queueBackends())('queues on $name', ({ name, skip }) => {
  let environment: TestEnvironment;
  let queues: Queues;
  let opened: { close(options?: { timeoutMs?: number }): Promise<void> }[] = [];
  const outcomes: JobOutcome[] = [];

  beforeEach(async (context) => {
    if (skip) context.skip(skip);
    environment = await testEnvironment(name, {
      JOB_ATTEMPTS: '2',
      JOB_LOCK_MS: '900',
      JOB_STALLED_INTERVAL_MS: '200',
    });
    queues = await createQueues(environment.config);
    opened = [];
    outcomes.length = 0;
  });
  afterEach(async () => {
    if (skip) return;
    await Promise.all(opened.map((each) => each.close()));
    await queues.close();
    await environment.close();
  });

  function work<Q extends QueueName>(queue: Q, processor: JobProcessor<Q>, options: WorkerOptions<Q> = {}): JobWorker {
    const onOutcome = (outcome: JobOutcome<Q>) => void outcomes.push(outcome);
    const worker = queues.worker(queue, processor, { onOutcome, onError: ignoreLocks, ...options });
    opened.push(worker);
    return worker;
  }

  /** A worker in a process of its own, from the built package, whose processor runs `body`. */
  async function workElsewhere(queue: QueueName, body: string): Promise<ChildProcess & { lines: string[] }> {
    const script = `
      import { createQueues } from ${JSON.stringify(BUILT.href)};
      const queues = await createQueues(${JSON.stringify(environment.config)});
      const say = (line) => console.log(line);
      queues.worker(${JSON.stringify(queue)}, async ({ signal }) => { say('started'); ${body} }, { onError() {} });
    `;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    child.stdout!.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trim().split('\n')));
    opened.push({
      async close() {
        if (child.exitCode === null && child.signalCode === null) {
          child.kill('SIGKILL');
          await once(child, 'exit');
        }
      },
    });
    return Object.assign(child, { lines });
  }

  it('labels every shard before it trains, and trains once', async () => {
    const order: string[] = [];
    work('label', async ({ data }) => void order.push(`label ${data.shard}`), { concurrency: 3 });
    work('train', async ({ data }) => void order.push(`train ${data.distillationId}`));
    await queues.addDistillationFlow({ distillationId: 'd1', shards: 5 });
    await until(() => order.includes('train d1'));
    expect(order.slice(0, -1).sort()).toEqual([0, 1, 2, 3, 4].map((shard) => `label ${shard}`));
    await until(async () => (await queues.state('train', 'd1')) === 'completed');
    expect(await queues.counts('label')).toMatchObject({ completed: 5, waiting: 0, active: 0 });
    await until(() => outcomes.length === 6);
    expect(outcomes.filter(({ queue }) => queue === 'train')).toMatchObject([{ id: 'd1', final: true }]);
  });

  it('trains a distillation of no shards at once', async () => {
    await queues.addDistillationFlow({ distillationId: 'd0', shards: 0 });
    work('train', async () => undefined);
    await until(async () => (await queues.state('train', 'd0')) === 'completed');
  });

  it('lets a train job wait for the trials that it asks for, rung after rung, also when one fails', async () => {
    const order: string[] = [];
    const trial = (rung: number, index: number) => ({ distillationId: 'ds', rung, index });
    let turn = 0;
    work('train', async () => {
      order.push(`train ${turn}`);
      const rungs = [[trial(0, 0), trial(0, 1)], [trial(1, 1)]];
      const trials = rungs[turn++];
      return trials && { trials };
    });
    work('trial', async ({ data }) => {
      order.push(`trial ${data.rung}.${data.index}`);
      if (data.index === 0) throw new RetortError('RT_INVALID_DATASET', 'broken');
    });
    await queues.addDistillationFlow({ distillationId: 'ds', shards: 0 });
    await until(async () => (await queues.state('train', 'ds')) === 'completed');
    expect(order).toEqual(['train 0', 'trial 0.0', 'trial 0.1', 'train 1', 'trial 1.1', 'train 2']);
    expect([await queues.state('trial', 'ds.0.0'), await queues.state('trial', 'ds.0.1')]).toEqual([
      'failed',
      'completed',
    ]);
    await until(() => outcomes.length === 4);
    expect(outcomes.filter(({ queue }) => queue === 'train')).toMatchObject([{ id: 'ds', final: true }]);
  });

  it('removes a train job that waits for trials, and the trials', async () => {
    const trials = [0, 1].map((index) => ({ distillationId: 'dr', rung: 0, index }));
    work('train', async () => ({ trials }));
    await queues.addDistillationFlow({ distillationId: 'dr', shards: 0 });
    await until(async () => (await queues.state('train', 'dr')) === 'waiting-children');
    await queues.removeDistillation({ distillationId: 'dr', shards: 0, trials });
    expect(await queues.state('train', 'dr')).toBe('missing');
    expect(await queues.counts('trial')).toMatchObject({ waiting: 0, active: 0 });
  });

  it('tries again after a failure, with the number of the attempt, and gives up at the last', async () => {
    const attempts: Pick<JobContext, 'attempt' | 'lastAttempt'>[] = [];
    work('teacher', async ({ attempt, lastAttempt }) => {
      attempts.push({ attempt, lastAttempt });
      throw new Error(`no ${attempt}`);
    });
    await queues.addTeacherJob('t1');
    await until(async () => (await queues.state('teacher', 't1')) === 'failed');
    expect(attempts).toEqual([1, 2].map((attempt) => ({ attempt, lastAttempt: attempt === 2 })));
    expect(await queues.failure('teacher', 't1')).toBe('no 2');
    await until(() => outcomes.length === 2);
    expect(outcomes.map(({ final, error }) => [final, error?.message])).toEqual([
      [false, 'no 1'],
      [true, 'no 2'],
    ]);
  });

  it('does not try again what blames the input, and hands on the error itself', async () => {
    let runs = 0;
    const error = new RetortError('RT_INVALID_DATASET', 'no rows');
    work('teacher', async () => {
      runs += 1;
      throw error;
    });
    await queues.addTeacherJob('t2');
    await until(() => outcomes.length > 0);
    expect(outcomes).toMatchObject([{ final: true }]);
    expect(outcomes[0]!.error).toBe(error);
    expect([runs, await queues.state('teacher', 't2')]).toEqual([1, 'failed']);
  });

  it('fails the train job, without running it, when a shard fails for good', async () => {
    let trained = false;
    work('label', async ({ data }) => {
      if (data.shard === 1) throw new RetortError('RT_INVALID_TEACHER', 'broken');
    });
    work('train', async () => {
      trained = true;
    });
    await queues.addDistillationFlow({ distillationId: 'd2', shards: 3 });
    await until(async () => (await queues.state('train', 'd2')) === 'failed');
    await until(() => outcomes.some(({ queue }) => queue === 'train'));
    expect(outcomes.find(({ queue }) => queue === 'train')).toMatchObject({ id: 'd2', final: true, seconds: 0 });
    expect(await queues.failure('train', 'd2')).toContain('d2.1');
    expect(trained).toBe(false);
  });

  it('gives the job of a killed worker to another one', async () => {
    const child = await workElsewhere('teacher', 'await new Promise((resolve) => setTimeout(resolve, 60_000));');
    await queues.addTeacherJob('t3');
    await until(() => child.lines.includes('started'));
    const attempts: number[] = [];
    work('teacher', async ({ attempt }) => void attempts.push(attempt));
    await sleep(1200); // Longer than the lock: the living worker keeps its job.
    expect([attempts, await queues.state('teacher', 't3')]).toEqual([[], 'active']);
    child.kill('SIGKILL');
    await until(() => attempts.length > 0);
    expect(attempts).toEqual([2]);
    await until(async () => (await queues.state('teacher', 't3')) === 'completed');
  });

  it('aborts the job of a worker that was stuck for longer than its lock', async () => {
    const child = await workElsewhere(
      'teacher',
      `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1800);
       for (let wait = 0; wait < 200 && !signal.aborted; wait++) await new Promise((resolve) => setTimeout(resolve, 20));
       say(signal.reason?.why);`,
    );
    await queues.addTeacherJob('t4');
    await until(() => child.lines.includes('started'));
    let finish: () => void = () => undefined;
    const started = new Promise<void>((resolve) => {
      work('teacher', async () => {
        resolve();
        await new Promise<void>((done) => {
          finish = done;
        });
      });
    });
    await started;
    await until(() => child.lines.includes('lock-lost'));
    expect(await queues.state('teacher', 't4')).toBe('active'); // The stuck worker could not touch it any more.
    finish();
    await until(async () => (await queues.state('teacher', 't4')) === 'completed');
  });

  it('fails a job that keeps killing its workers', async () => {
    let alive = true;
    const kills = (async () => {
      while (alive) {
        const child = await workElsewhere('teacher', `process.kill(process.pid, 'SIGKILL');`);
        await Promise.race([once(child, 'exit'), until(() => !alive)]);
      }
    })();
    await queues.addTeacherJob('t5');
    await until(async () => (await queues.state('teacher', 't5')) === 'failed', 30_000);
    alive = false;
    await kills;
    expect(await queues.failure('teacher', 't5')).toMatch(/stalled/);
  });

  it('makes one job of one id while it is live, and a new one after it ended', async () => {
    const runs: string[] = [];
    await Promise.all([1, 2, 3].map(() => queues.addTeacherJob('t6')));
    await Promise.all([1, 2, 3].map(() => queues.addDistillationFlow({ distillationId: 'd6', shards: 2 })));
    expect((await queues.counts('teacher')).waiting).toBe(1);
    expect((await queues.counts('label')).waiting).toBe(2);
    work('teacher', async ({ id }) => void runs.push(id));
    work('label', async ({ id }) => void runs.push(id));
    work('train', async ({ id }) => void runs.push(id));
    await until(async () => (await queues.state('train', 'd6')) === 'completed');
    await until(async () => (await queues.state('teacher', 't6')) === 'completed');
    expect(runs.sort()).toEqual(['d6', 'd6.0', 'd6.1', 't6']);
    await queues.addTeacherJob('t6');
    await queues.addDistillationFlow({ distillationId: 'd6', shards: 2 });
    await until(() => runs.length === 8);
  });

  it('removes a job that waits, not one that runs', async () => {
    await queues.addDistillationFlow({ distillationId: 'd7', shards: 2 });
    expect(await queues.state('train', 'd7')).toBe('waiting-children');
    let finish: () => void = () => undefined;
    work(
      'label',
      () =>
        new Promise<void>((done) => {
          finish = done;
        }),
    );
    await until(async () => (await queues.state('label', 'd7.0')) === 'active');
    expect(await queues.remove('label', 'd7.0')).toBe(false);
    await queues.removeDistillation({ distillationId: 'd7', shards: 2 });
    expect(await queues.state('train', 'd7')).toBe('missing');
    expect(await queues.state('label', 'd7.1')).toBe('missing');
    expect(await queues.remove('label', 'd7.1')).toBe(true);
    finish();
    await until(async () => (await queues.state('label', 'd7.0')) !== 'active');
    expect(await queues.counts('label')).toMatchObject({ waiting: 0, active: 0, delayed: 0 });
  });

  it('aborts the one job that is cancelled', async () => {
    const reasons: unknown[] = [];
    const worker = work(
      'teacher',
      async ({ signal }) => {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        reasons.push(signal.reason);
        throw new RetortError('RT_CANCELLED', 'cancelled');
      },
      { concurrency: 2 },
    );
    await queues.addTeacherJob('t8');
    await queues.addTeacherJob('t9');
    await until(() => worker.active().length === 2);
    expect(worker.cancel('t8', 'enough')).toBe(true);
    expect(worker.cancel('unknown', 'enough')).toBe(false);
    await until(async () => (await queues.state('teacher', 't8')) === 'failed');
    expect([reasons, worker.active()]).toEqual([['enough'], ['t9']]);
  });

  it('gives the running job back when it closes, at no cost of an attempt', async () => {
    const seen: { attempt: number; lastAttempt: boolean; why?: unknown }[] = [];
    const leaving = work('teacher', async ({ signal, attempt, lastAttempt }) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      seen.push({ attempt, lastAttempt, why: signal.reason instanceof JobInterrupted && signal.reason.why });
      signal.throwIfAborted();
    });
    await queues.addTeacherJob('t10');
    await until(() => leaving.active().length === 1);
    await leaving.close({ timeoutMs: 50 });
    expect(await queues.state('teacher', 't10')).toBe('waiting');
    expect(outcomes).toEqual([]);
    work('teacher', async ({ attempt, lastAttempt }) => void seen.push({ attempt, lastAttempt }));
    await until(() => seen.length === 2);
    expect(seen).toEqual([
      { attempt: 1, lastAttempt: false, why: 'closing' },
      { attempt: 2, lastAttempt: false },
    ]);
  });

  it('lets a running job finish within the time it has to close', async () => {
    const worker = work('teacher', async () => void (await sleep(300)));
    await queues.addTeacherJob('t11');
    await until(() => worker.active().length === 1);
    await worker.close({ timeoutMs: 10_000 });
    expect(await queues.state('teacher', 't11')).toBe('completed');
    expect(outcomes).toMatchObject([{ id: 't11', final: true }]);
    expect(outcomes[0]!.seconds).toBeGreaterThan(0.25);
  });

  it('goes on after all connections were cut', async () => {
    const done: string[] = [];
    const worker = work('teacher', async ({ id }) => void done.push(id), { onError: () => undefined });
    await worker.ready();
    await queues.addTeacherJob('t12');
    await until(() => done.length === 1);
    await cutConnections(name, environment.config);
    await until(() => queues.ping().then(yes, no));
    await queues.addTeacherJob('t13');
    await until(async () => (await queues.state('teacher', 't13')) === 'completed');
    expect(done).toEqual(['t12', 't13']);
  });
});

describe('createQueues', () => {
  const settings = {
    queueNamespace: 'q',
    jobAttempts: 1,
    jobBackoffMs: 1,
    jobLockMs: 1000,
    jobStalledIntervalMs: 1000,
  };
  it.each([
    [{ redisUrl: 'redis://127.0.0.1:1' }, /Redis/],
    [{ databaseUrl: 'postgresql://127.0.0.1:1/x' }, /PostgreSQL/],
  ])('says what it cannot reach: %o', async (urls, message) => {
    const opening = createQueues({ ...settings, ...urls });
    await expect(opening).rejects.toMatchObject({ code: 'RT_UNAVAILABLE', message: expect.stringMatching(message) });
  });
});

async function cutConnections(name: string, { databaseUrl, redisUrl, queueNamespace }: Config): Promise<void> {
  if (name === 'redis') {
    const client = new Redis(redisUrl!);
    const list = String(await client.client('LIST')).split('\n');
    const ours = list
      .filter((line) => line.includes(` name=${queueNamespace}`))
      .map((line) => /^id=(\d+)/.exec(line)![1]!);
    expect(ours.length).toBeGreaterThanOrEqual(3);
    for (const id of ours) await client.client('KILL', 'ID', id);
    await client.quit();
    return;
  }
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await client.end();
}

const yes = () => true;
const no = () => false;

/** BullMQ reports the end of a job whose lock is gone as an error; that is what such a test provokes. */
function ignoreLocks(error: Error): void {
  if (!/lock|Missing/i.test(error.message)) throw error;
}

async function until(condition: () => boolean | Promise<boolean>, milliseconds = 15_000): Promise<void> {
  for (const deadline = Date.now() + milliseconds; !(await condition()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`Not within ${milliseconds} ms: ${condition}`);
  }
}
