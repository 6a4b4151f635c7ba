import type { TrialJob } from '@retort/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testContext } from '../../../../test/support/servers.ts';
import { type Context, isOver, planShards, readEvents, type StoredError } from '../index.js';
import { type Claim, endCancelled, failDistillation, succeedDistillation } from './end.js';
import { finishShard, reportShard, startShard } from './labelling.js';
import { finishTrial, openTrials, startRung, startTrial, trialResults } from './searching.js';
import { requestCancel, submitDistillation } from './submit.js';
import { type SweepPosition, sweep } from './sweeper.js';
import { beatTeacher, claimTeacher, releaseTeacher, teacherReady } from './teacher-state.js';
import { claimTraining, releaseTraining, reportProgress } from './training.js';
import { beatLabelling, beatTraining } from './watch.js';

const ATTEMPTS = 3;
const SHARDS = 2;
const ERROR: StoredError = { code: 'RT_INTERNAL', detail: 'for the test', hint: 'none' };
const METRICS = { accuracy: 1 };

describe('the lifecycle of a distillation', () => {
  let context: Context;
  beforeAll(async () => {
    context = await testContext();
    const { prisma } = context.database;
    await prisma.task.create({ data: { name: 'toy', labels: ['a', 'b'] } });
    const digest = '0'.repeat(64);
    const json = {};
    await prisma.dataset.create({
      data: {
        ...{ id: 'data', taskName: 'toy', digest, rowsDigest: digest, bytes: 1n, rows: 10 },
        ...{ counts: json, rejectedCount: 0, rejected: [], duplicates: json },
      },
    });
    const teacher = { name: 't', kind: 'onnx-classifier', labels: ['a', 'b'], manifest: json };
    await prisma.teacher.create({ data: { id: 'ready', status: 'ready', digest, ...teacher } });
    await prisma.teacher.create({ data: { id: 'encoder', status: 'training', ...teacher } });
  });
  afterAll(() => context.close());

  const submit = async () => {
    const submission = { taskName: 'toy', datasetId: 'data', teacherId: 'ready', spec: {} as never };
    return (await submitDistillation(context, { ...submission, rows: 10, shardRows: 5 })).id;
  };
  const read = (id: string) => context.database.prisma.distillation.findUniqueOrThrow({ where: { id } });
  const grow = (id: string, ms: number) => context.database.prisma.$executeRaw`
    UPDATE "Distillation" SET "heartbeatAt" = "heartbeatAt" - ${ms} * interval '1 ms',
           "createdAt" = "createdAt" - ${ms} * interval '1 ms' WHERE "id" = ${id} AND "status" IN ('queued', 'running')`;
  const register = (id: string) => ({
    metrics: METRICS,
    register: async (tx: Parameters<Parameters<typeof succeedDistillation>[2]['register']>[0]) => {
      const version = await tx.modelVersion.count();
      const data = { id: `m-${id}`, taskName: 'toy', version, distillationId: id, digest: 'd', files: [] };
      await tx.modelVersion.create({ data: { ...data, lineage: {}, metrics: {} } });
    },
  });

  it('keeps its promises under any order of what workers, users and crashes do', async () => {
    /** Every claim that any trainer ever got: the void ones are tried again and again, as a zombie would. */
    const steps = ['label', 'finish', 'claim', 'progress', 'succeed', 'release', 'retry', 'fail', 'give up'] as const;
    const others = ['cancel', 'end cancelled', 'beat', 'silence', 'sweep', 'search', 'try'] as const;
    const step = fc.record({
      do: fc.constantFrom(...steps, ...steps, ...others),
      shard: fc.nat({ max: SHARDS - 1 }),
      claim: fc.nat({ max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (sequence) => {
        const { database } = context;
        const id = await submit();
        const claims: Claim[] = [{ id, epoch: 0, attempt: 0 }];
        for (const { do: what, shard, claim: which } of sequence) {
          const before = await read(id);
          const events = await readEvents(database.prisma, id);
          const claim = claims[which % claims.length]!;
          const job = { distillationId: id, shard };
          const outcome = await perform(what, id, job, claim);
          if (typeof outcome === 'object') {
            expect(claims.map(({ epoch }) => epoch)).not.toContain(outcome.epoch);
            claims.push(outcome);
          }
          const after = await read(id);
          const later = await readEvents(database.prisma, id);

          expect(later.slice(0, events.length)).toEqual(events);
          if (isOver(before.status)) {
            expect(after).toEqual(before);
            expect(later).toHaveLength(events.length);
          }
          if (before.cancelRequestedAt) expect(after.status).not.toBe('succeeded');
          expect(after.attempt).toBeLessThanOrEqual(ATTEMPTS);
          expect(after.error === null).toBe(after.status !== 'failed');
          expect(after.finishedAt !== null).toBe(isOver(after.status));
          const models = await database.prisma.modelVersion.count({ where: { distillationId: id } });
          expect(models).toBe(after.status === 'succeeded' ? 1 : 0);
          const last = later.filter((event) => event.type === 'status').at(-1)!;
          expect(last.data).toMatchObject({ status: after.status, stage: after.stage, attempt: after.attempt });
          if (isOver(after.status)) expect(later.at(-1)).toEqual(last);
        }
        // Never stuck: once every worker is silent, one sweep leaves it ended, or in the queue for the next worker.
        await grow(id, 60_000);
        await context.database.prisma.$executeRaw`
          UPDATE "Distillation" SET "cancelRequestedAt" = now() - interval '1 minute'
           WHERE "id" = ${id} AND "cancelRequestedAt" IS NOT NULL AND "status" IN ('queued', 'running')`;
        await sweep(context);
        const { status, cancelRequestedAt } = await read(id);
        if (!isOver(status)) {
          expect(cancelRequestedAt).toBeNull();
          expect(['waiting', 'waiting-children']).toContain(await context.queues.state('train', id));
          await failDistillation(context.database, { id }, ERROR);
        }
      }),
      { numRuns: 15 },
    );

    async function perform(
      what: (typeof steps | typeof others)[number],
      id: string,
      job: { distillationId: string; shard: number },
      claim: Claim,
    ) {
      const { database } = context;
      const progress = { stage: 'evaluating' as const, done: 1, total: 2, ratePerSecond: 1, secondsLeft: 1 };
      switch (what) {
        case 'label':
          return void (await startShard(database, job));
        case 'finish':
          await reportShard(database, job, 3);
          return finishShard(database, job, { cached: 0, asked: 3 });
        case 'claim': {
          const outcome = await claimTraining(database, id, ATTEMPTS);
          return outcome.kind === 'claimed' ? outcome.claim : undefined;
        }
        case 'progress':
          return void (await reportProgress(database, claim, progress));
        case 'succeed':
          return void (await succeedDistillation(database, claim, register(id)));
        case 'release':
          return releaseTraining(database, claim);
        case 'retry':
          return releaseTraining(database, claim, ERROR);
        case 'fail':
          return void (await failDistillation(database, claim, ERROR));
        case 'give up':
          return void (await failDistillation(database, { id }, ERROR));
        case 'cancel':
          return void (await requestCancel(context, id).catch((error) => expect(error.code).toBe('RT_CONFLICT')));
        case 'end cancelled':
          return void (await endCancelled(database, id));
        case 'beat':
          await beatLabelling(database, id);
          return void (await beatTraining(database, claim));
        case 'silence':
          return void (await grow(id, 60_000));
        case 'sweep':
          return void (await sweep(context));
        case 'search':
          return void (await startRung(database, id, [{ rung: 0, index: 0, varied: {} }]));
        case 'try': {
          const trial = { distillationId: id, rung: 0, index: 0 };
          await startTrial(database, trial, ATTEMPTS);
          return finishTrial(database, trial, { seconds: 1, error: 'diverged' });
        }
      }
    }
  });

  it('gives a distillation to one of many trainers that claim it at once', async () => {
    const id = await submit();
    const claim = () => claimTraining(context.database, id, ATTEMPTS);
    const first = await Promise.all(Array.from({ length: 8 }, claim));
    expect(first.map(({ kind }) => kind).sort()).toEqual([...Array(7).fill('busy'), 'claimed']);
    await grow(id, 10_000); // Its trainer fell silent.
    const second = await Promise.all(Array.from({ length: 8 }, claim));
    expect(second.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
    const [old] = first.filter((outcome) => outcome.kind === 'claimed');
    expect(await beatTraining(context.database, old!.claim)).toBe('superseded');
    expect(await succeedDistillation(context.database, old!.claim, register(id))).toBe(false);
  });

  it('makes a claim void for good when it is released, though the attempt is not counted', async () => {
    const id = await submit();
    const claim = async () => {
      const outcome = await claimTraining(context.database, id, ATTEMPTS);
      if (outcome.kind !== 'claimed') throw new Error('not claimed');
      return outcome.claim;
    };
    const first = await claim();
    await releaseTraining(context.database, first);
    await startShard(context.database, { distillationId: id, shard: 0 });
    expect(await beatTraining(context.database, first)).toBe('superseded'); // Running again, but nobody's yet.
    const second = await claim();
    expect([first.attempt, second.attempt]).toEqual([1, 1]);
    expect(await beatTraining(context.database, first)).toBe('superseded');
    expect(await succeedDistillation(context.database, first, register(id))).toBe(false);
    expect(await failDistillation(context.database, first, ERROR)).toBeUndefined();
    expect(await succeedDistillation(context.database, second, register(id))).toBe(true);
  });

  it('fails with RT_WORKER_LOST once training was begun as often as allowed', async () => {
    const id = await submit();
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const outcome = await claimTraining(context.database, id, ATTEMPTS);
      expect(outcome).toMatchObject({ kind: 'claimed', claim: { attempt } });
      await grow(id, 10_000);
    }
    expect(await claimTraining(context.database, id, ATTEMPTS)).toEqual({ kind: 'over' });
    expect(await read(id)).toMatchObject({ status: 'failed', error: { code: 'RT_WORKER_LOST' } });
  });

  it('either succeeds or is cancelled when both happen at once, and says so to the one that asked', async () => {
    for (let round = 0; round < 10; round++) {
      const id = await submit();
      const outcome = await claimTraining(context.database, id, ATTEMPTS);
      if (outcome.kind !== 'claimed') throw new Error('not claimed');
      const [succeeded, cancelled] = await Promise.all([
        succeedDistillation(context.database, outcome.claim, register(id)),
        requestCancel(context, id).then(
          () => true,
          () => false,
        ),
      ]);
      await endCancelled(context.database, id);
      expect(succeeded).toBe(!cancelled);
      expect((await read(id)).status).toBe(succeeded ? 'succeeded' : 'cancelled');
    }
  });

  it('sums the progress of its shards and writes few events, the last with all of it', async () => {
    const id = await submit();
    const jobs = [0, 1].map((shard) => ({ distillationId: id, shard }));
    for (const job of jobs) expect(await startShard(context.database, job)).toBeDefined();
    for (let done = 1; done <= 5; done++)
      await Promise.all(jobs.map((job) => reportShard(context.database, job, done)));
    await Promise.all(jobs.map((job) => finishShard(context.database, job, { cached: 2, asked: 3 })));
    const progress = (await readEvents(context.database.prisma, id)).filter((event) => event.type === 'progress');
    expect(progress.at(-1)!.data).toMatchObject({ stage: 'labelling', done: 10, total: 10, note: '4 from the cache' });
    expect(progress.length).toBeLessThanOrEqual(5);
    expect(await startShard(context.database, jobs[0]!)).toBeUndefined();
  });

  it('does each trial of a search once, and gives up one that kills its workers', async () => {
    const { database } = context;
    const id = await submit();
    const rung = [0, 1].map((index) => ({ rung: 0, index, varied: { '/loss/lambda': index } }));
    const [first, second] = rung.map(({ index }) => ({ distillationId: id, rung: 0, index })) as [TrialJob, TrialJob];
    expect(await startTrial(database, first, ATTEMPTS)).toBeUndefined(); // Of no rung yet.
    expect(await startRung(database, id, rung)).toBe(true);
    expect(await startRung(database, id, rung)).toBe(true);
    expect(await read(id)).toMatchObject({ status: 'running', stage: 'searching', attempt: 0 });
    expect(await openTrials(database, id)).toHaveLength(2);

    expect(await startTrial(database, first, ATTEMPTS)).toBeDefined();
    await finishTrial(database, first, { seconds: 1, error: 'diverged' });
    await finishTrial(database, first, { seconds: 2, error: 'another' });
    expect(await startTrial(database, first, ATTEMPTS)).toBeUndefined();
    for (let begun = 0; begun < ATTEMPTS; begun++) expect(await startTrial(database, second, ATTEMPTS)).toBeDefined();
    expect(await startTrial(database, second, ATTEMPTS)).toBeUndefined();
    expect(await trialResults(database, id)).toMatchObject([
      { rung: 0, index: 0, seconds: 1, error: 'diverged' },
      { rung: 0, index: 1, error: expect.stringMatching(/begun 3 times/) },
    ]);

    expect(await claimTraining(database, id, ATTEMPTS)).toMatchObject({ kind: 'claimed', claim: { attempt: 1 } });
    expect(await startRung(database, id, rung)).toBe(false); // It is being trained.
  });

  it('is put right by the sweeper: lost jobs queued again, silent cancellations ended, the living left alone', async () => {
    const [lost, silent, alive] = [await submit(), await submit(), await submit()];
    await context.queues.removeDistillation({ distillationId: lost, shards: SHARDS });
    await startShard(context.database, { distillationId: silent, shard: 0 });
    for (const id of [lost, silent, alive]) await grow(id, 60_000);
    await context.database.prisma.$executeRaw`
      UPDATE "Distillation" SET "cancelRequestedAt" = now() - interval '1 minute' WHERE "id" = ${silent}`;
    const [report, other] = await Promise.all([sweep(context), sweep(context)]);
    const swept = (what: 'cancelled' | 'requeued' | 'failed') => [...report[what], ...other[what]];
    expect(swept('requeued')).toContain(lost);
    expect(swept('cancelled')).toContain(silent);
    expect([...swept('requeued'), ...swept('cancelled'), ...swept('failed')]).not.toContain(alive);
    expect(await context.queues.state('train', lost)).toBe('waiting-children');
    expect(await read(silent)).toMatchObject({ status: 'cancelled' });
    expect(await read(alive)).toMatchObject({ status: 'queued' });
  });

  it.each(['distillation', 'teacher'] as const)('finds a lost %s behind 101 that wait as they should', async (kind) => {
    const { database, queues } = context;
    const old = new Date(Date.now() - 60_000);
    const waiting = Array.from({ length: 101 }, (_, i) => `a-waiting-${kind}-${String(i).padStart(3, '0')}`);
    const lost = `z-lost-${kind}`;
    for (const id of [...waiting, lost]) {
      if (kind === 'teacher') {
        const teacher = { name: 't', kind: 'onnx-encoder', status: 'training', labels: [], manifest: {} };
        await database.prisma.teacher.create({ data: { id, ...teacher, createdAt: old, updatedAt: old } });
        if (id !== lost) await queues.addTeacherJob(id);
      } else {
        const data = { id, taskName: 'toy', datasetId: 'data', teacherId: 'ready', spec: {}, status: 'queued' };
        await database.prisma.distillation.create({ data: { ...data, createdAt: old } });
        if (id !== lost) await queues.addDistillationFlow({ distillationId: id, shards: 0 });
      }
    }
    const position: SweepPosition = { distillation: '', teacher: '' };
    const requeued: string[] = [];
    for (let turn = 0; turn < 2; turn++) requeued.push(...(await sweep(context, {}, position)).requeued);
    expect(requeued).toContain(lost);
    expect(requeued.filter((id) => waiting.includes(id))).toEqual([]);
    expect(await queues.state(kind === 'teacher' ? 'teacher' : 'train', lost)).toBe('waiting');
  });

  it('trains a teacher under one claim, once', async () => {
    const claim = () => claimTeacher(context.database, 'encoder', ATTEMPTS);
    const first = await Promise.all([claim(), claim(), claim()]);
    const claimed = first.filter((outcome) => outcome.kind === 'claimed');
    expect(claimed).toHaveLength(1);
    await releaseTeacher(context.database, claimed[0]!.claim); // Its worker shuts down: the attempt does not count.
    const again = await claim();
    if (again.kind !== 'claimed') throw new Error('not claimed');
    expect(again.claim.attempt).toBe(1);
    const trained = { digest: 'd', labels: ['a', 'b'], manifest: {} as never, metrics: METRICS };
    // The one that released it has the same number of attempts, and is void all the same.
    expect(claimed[0]!.claim.attempt).toBe(1);
    expect(await beatTeacher(context.database, claimed[0]!.claim)).toBe('superseded');
    expect(await teacherReady(context.database, claimed[0]!.claim, trained)).toBe(false);
    expect(await teacherReady(context.database, again.claim, trained)).toBe(true);
    expect(await beatTeacher(context.database, again.claim)).toBe('superseded');
    const events = await readEvents(context.database.prisma, 'encoder');
    expect(events.map((event) => event.type)).toEqual(['status', 'status', 'status', 'metrics', 'status']);
    expect(events.at(-1)!.data).toMatchObject({ status: 'ready' });
    expect(await claim()).toEqual({ kind: 'over' });
  });
});

it('cuts rows into shards that cover them once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 700 }), (rows, shardRows) => {
      const shards = planShards(rows, shardRows);
      expect(shards.map(({ index }) => index)).toEqual(Array.from(shards.keys()));
      expect(shards[0]!.start).toBe(0);
      expect(shards.at(-1)!.end).toBe(rows);
      for (const [i, { start, end }] of shards.entries()) {
        expect(end - start).toBeGreaterThan(0);
        expect(end - start).toBeLessThanOrEqual(shardRows);
        if (i > 0) expect(start).toBe(shards[i - 1]!.end);
      }
    }),
  );
});
