import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DistillationSpecInput, Lineage, Progress, StudentMetrics } from '@retort/contracts';
import { generateTransferSet, resolveSpec } from '@retort/distill';
import { createLabeler } from '@retort/labeler';
import {
  CanonicalRows,
  type Context,
  cancelTeacher,
  type JobContext,
  readEvents,
  requestCancel,
  type Service,
  type StoredTransferSet,
} from '@retort/platform';
import { createTrainer } from '@retort/trainer';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { forkService } from './support/fork-service.ts';
import { queueBackends, testContext } from './support/servers.ts';
import {
  ended,
  eventually,
  inStage,
  occurrence,
  registerToyTask,
  registerToyTeacher,
  submitToy,
  submitToyTasks,
  TOY_TASK,
} from './support/toy-platform.ts';
import { toyRows } from './support/toy-teacher.ts';

const ROWS = 360;

for (const { name, skip } of queueBackends()) {
  describe.skipIf(skip !== undefined)(`a distillation job, queue on ${name}${skip ? ` (${skip})` : ''}`, () => {
    let context: Context & { env: Record<string, string> };
    let labeler: Service;
    let teacher: string;
    const running: (() => Promise<unknown>)[] = [];

    beforeAll(async () => {
      context = await testContext(name, {
        LABEL_SHARD_ROWS: '100',
        // Long enough for a child process of low priority on a busy machine to renew its locks.
        JOB_LOCK_MS: '2500',
        SHUTDOWN_TIMEOUT_MS: '100',
        LOG_LEVEL: 'error',
      });
      await registerToyTask(context, toyRows(ROWS));
      teacher = await registerToyTeacher(context);
      labeler = await createLabeler(context);
    });
    afterEach(async () => {
      await Promise.all(running.splice(0).map((stop) => stop()));
    });
    afterAll(async () => {
      await labeler?.close();
      await context?.close();
    });

    /** For what the queue has no part in but to bring the job: queues.test.ts holds both backends to that. */
    const itOnce = it.runIf(name === 'postgres');
    const row = (id: string) => context.database.prisma.distillation.findUniqueOrThrow({ where: { id } });
    const events = (id: string) => readEvents(context.database.prisma, id, '0', 1000);
    const models = () => context.database.prisma.modelVersion.findMany({ orderBy: { version: 'asc' } });
    const startTrainer = async () => {
      const trainer = await createTrainer(context);
      running.push(() => trainer.close());
      return trainer;
    };
    const forkTrainer = async (env: Record<string, string> = {}) => {
      const trainer = await forkService('trainer', { ...context.env, ...env });
      running.push(() => trainer.kill());
      return trainer;
    };

    /** The generated texts of the job are an artifact that its shards were cut to, and all of it is counted. */
    async function expectTransferSet(id: string): Promise<void> {
      const { transferSet, teacherQueries, metrics } = await row(id);
      const { digest, rows, counts } = transferSet as unknown as StoredTransferSet;
      expect(rows).toBeGreaterThan(400);
      expect(rows).toBeLessThanOrEqual(504);
      expect(counts).toMatchObject({ unlabelled: 0, sources: 252, generated: rows + counts.duplicates });
      expect(counts.kept! + counts.filtered!).toBe(rows);
      expect(Math.min(counts.kept!, counts.filtered!)).toBeGreaterThan(0);
      const shards = await context.database.prisma.labelShard.findMany({ where: { distillationId: id } });
      expect(shards.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(ROWS + rows);
      expect(teacherQueries).toEqual({ upperBound: ROWS + 600, estimated: ROWS + 600, made: rows, cached: ROWS });
      expect(metrics).toMatchObject({ teacherQueries, transferSet: counts });
      const stored = await new CanonicalRows(context.artifacts).read(digest, 0, rows + 1);
      const { transferSet: spec } = resolveSpec((await row(id)).spec);
      const again = await generateTransferSet({ rows: toyRows(ROWS), spec: spec!, seed: 1 });
      expect(stored).toEqual(again.rows);
    }

    it('labels, trains, evaluates, packages and registers; events tell it in order', async () => {
      await startTrainer();
      const id = await submitToy(context, teacher);
      const { status, metrics, error } = await ended(context, id);
      expect({ status, error }).toEqual({ status: 'succeeded', error: null });
      expect((metrics as unknown as StudentMetrics).student.accuracy).toBeGreaterThan(0.8);
      expect((metrics as unknown as StudentMetrics).teacher.accuracy).toBeGreaterThan(0.9);

      const log = await events(id);
      const statuses = log.filter(({ type }) => type === 'status').map(({ data }) => data);
      expect(statuses).toEqual([
        { status: 'queued', stage: null, attempt: 0 },
        { status: 'running', stage: 'labelling', attempt: 0 },
        { status: 'running', stage: 'training', attempt: 1 },
        { status: 'running', stage: 'evaluating', attempt: 1 },
        { status: 'running', stage: 'packaging', attempt: 1 },
        { status: 'succeeded', stage: null, attempt: 1 },
      ]);
      const last = (stage: string) => log.filter(inStage(stage)).at(-1)?.data as Progress;
      expect(last('labelling')).toMatchObject({ done: ROWS, total: ROWS, secondsLeft: 0 });
      expect(last('training').done).toBe(last('training').total);
      expect(log.slice(-2).map(({ type }) => type)).toEqual(['metrics', 'status']);

      const [model] = await models();
      expect(model).toMatchObject({ version: 1, distillationId: id, taskName: TOY_TASK });
      const files = model!.files as { path: string; digest: string; bytes: number }[];
      expect(files.map(({ path }) => path)).toEqual(expect.arrayContaining(['onnx/model.onnx', 'tokenizer.json']));
      for (const { digest, bytes } of files) expect(await context.artifacts.stat(digest)).toEqual({ bytes });
    });

    itOnce('answers the same texts from the cache the second time, and ends in the same bytes', async () => {
      await startTrainer();
      const id = await submitToy(context, teacher);
      expect(await ended(context, id)).toMatchObject({ status: 'succeeded' });
      const shards = await context.database.prisma.labelShard.findMany({ where: { distillationId: id } });
      expect(shards).toHaveLength(Math.ceil(ROWS / 100));
      for (const { start, end, cached } of shards) expect(cached).toBe(end - start);
      const [first, second] = await models();
      expect(second!.version).toBe(2);
      expect(second!.digest).toBe(first!.digest);
    });

    itOnce('does a job once however often the queue delivers it, its transfer set included', async () => {
      const before = await models();
      const transferSet = {
        multiply: 2,
        maxTexts: 600,
        minConfidence: 0.6,
        strategies: ['swap', 'typo', 'span-mixing'],
      };
      const id = await submitToy(context, teacher, 5, {
        transferSet: transferSet as DistillationSpecInput['transferSet'],
      });
      await eventually(
        async () => ((await context.queues.state('train', id)) === 'waiting' ? true : undefined),
        20_000,
      );
      const { processTrainJob } = await import('../services/trainer/src/train-job.ts');
      const { trainerDeps } = await import('../services/trainer/src/create-trainer.ts');
      const job: JobContext<'train'> = {
        ...{ queue: 'train', id, data: { distillationId: id }, attempt: 1, lastAttempt: false },
        signal: new AbortController().signal,
      };
      const deps = trainerDeps(context);
      await Promise.all([processTrainJob(deps, job), processTrainJob(deps, job)]);
      expect(await row(id)).toMatchObject({ status: 'succeeded', attempt: 1 });
      await expectTransferSet(id);
      const log = await events(id);
      await startTrainer(); // And a third time, from the queue.
      await eventually(
        async () => ((await context.queues.state('train', id)) === 'completed' ? true : undefined),
        10_000,
      );
      expect(await events(id)).toEqual(log);
      expect(await models()).toHaveLength(before.length + 1);
    });

    const sweep = {
      space: { '/training/learningRate': { values: [1e-7, 0.02] } },
      ...{ method: 'random' as const, trials: 2 },
    };
    const trialsOf = (id: string) => context.database.prisma.trial.findMany({ where: { distillationId: id } });

    it('searches the spec by trials, then trains what was best', async () => {
      await startTrainer();
      // Texts that only the candidates ask for.
      const space = { ...sweep.space, '/transferSet/multiply': { values: [2] } };
      const id = await submitToy(context, teacher, 4, { sweep: { ...sweep, space } });
      const { status, error } = await ended(context, id, 50_000);
      expect({ status, error }).toEqual({ status: 'succeeded', error: null });
      const trials = await trialsOf(id);
      expect(trials).toHaveLength(2);
      for (const { attempt, result } of trials) {
        expect({ attempt, result }).toMatchObject({ attempt: 1, result: { measured: { rows: 54 } } });
      }
      const log = await events(id);
      const stages = log.filter(({ type }) => type === 'status').map(({ data }) => (data as { stage: string }).stage);
      expect(stages).toEqual([null, 'labelling', 'searching', 'training', 'evaluating', 'packaging', null]);
      expect(log.filter(inStage('searching')).at(-1)?.data).toMatchObject({ done: 2, total: 2 });
      const lineage = (await models()).at(-1)!.lineage as unknown as Lineage;
      expect(lineage.spec).not.toHaveProperty('sweep');
      // A learning rate of nothing learns nothing: the search must see it.
      expect(lineage.spec.training.learningRate).toBe(0.02);
      expect(lineage.spec.transferSet?.multiply).toBe(2);
      const { rows, rounds, counts } = (await row(id)).transferSet as unknown as StoredTransferSet;
      expect(rounds).toHaveLength(2);
      expect(counts.kept! + counts.filtered!).toBe(rows);
      expect(lineage.selection).toMatchObject({ trials: 2, failed: 0, chosen: { value: expect.any(Number) } });
    });

    it('stops a search when cancelled, and takes its trials out of the queue', async () => {
      await startTrainer();
      const id = await submitToy(context, teacher, 1000, { sweep: { ...sweep, patience: 0 } });
      await eventually(
        async () => ((await trialsOf(id)).some(({ startedAt }) => startedAt !== null) ? true : undefined),
        20_000,
      );
      await requestCancel(context, id);
      expect(await ended(context, id, 10_000)).toMatchObject({ status: 'cancelled', stage: null });
      await eventually(async () => ((await context.queues.counts('trial')).active === 0 ? true : undefined), 10_000);
      expect(await context.queues.counts('trial')).toMatchObject({ waiting: 0, delayed: 0 });
      expect(await context.queues.state('train', id)).toBe('missing');
    });

    itOnce('stops labelling when cancelled', async () => {
      const slow = await registerToyTeacher(context, { work: 250 });
      const id = await submitToy(context, slow);
      await occurrence(context, id, inStage('labelling'));
      const asked = Date.now();
      await requestCancel(context, id);
      expect(await ended(context, id, 5_000)).toMatchObject({ status: 'cancelled', stage: null });
      expect(Date.now() - asked).toBeLessThan(2_500);
      expect((await events(id)).at(-1)).toMatchObject({ type: 'status', data: { status: 'cancelled' } });
      await eventually(async () => ((await context.queues.counts('label')).active === 0 ? true : undefined), 5_000);
      expect(await context.queues.state('train', id)).toBe('missing');
      expect(await context.queues.counts('label')).toMatchObject({ waiting: 0, delayed: 0 });
    });

    it('hands a shard back when its labeler stops, and goes on where it was', async () => {
      const slow = await registerToyTeacher(context, { work: 100 });
      const id = await submitToy(context, slow);
      await occurrence(context, id, inStage('labelling'));
      const asked = Date.now();
      await labeler.close();
      expect(Date.now() - asked).toBeLessThan(8_000);
      const shards = () => context.database.prisma.labelShard.findMany({ where: { distillationId: id } });
      const open = (await shards()).filter(({ doneAt }) => doneAt === null);
      expect(open.length).toBeGreaterThan(0);
      expect(await row(id)).toMatchObject({ status: 'running', stage: 'labelling', error: null });
      labeler = await createLabeler(context);
      await eventually(async () => ((await shards()).every(({ doneAt }) => doneAt) ? true : undefined), 20_000);
      await requestCancel(context, id);
      expect(await ended(context, id)).toMatchObject({ status: 'cancelled' });
    });

    itOnce('stops training when cancelled, and leaves nothing behind', async () => {
      await startTrainer();
      const before = await models();
      const id = await submitToy(context, teacher, 1000);
      await occurrence(context, id, inStage('training'));
      const asked = Date.now();
      expect(await requestCancel(context, id)).toMatchObject({ status: 'running' });
      expect(await ended(context, id, 8_000)).toMatchObject({ status: 'cancelled', error: null });
      expect(Date.now() - asked).toBeLessThan(5_000);
      await eventually(async () => ((await context.queues.counts('train')).active === 0 ? true : undefined), 5_000);
      expect(await readdir(join(context.config.dataDir, 'training'))).toEqual([]);
      expect(await models()).toEqual(before);
      await expect(requestCancel(context, before[0]!.distillationId)).rejects.toMatchObject({ code: 'RT_CONFLICT' });
    });

    itOnce('fails at once, saying what is wrong, when the teacher is broken', async () => {
      const broken = await registerToyTeacher(context, { graph: 'no graph at all' });
      const id = await submitToy(context, broken);
      const { status, error } = await ended(context, id);
      expect(status).toBe('failed');
      expect(error).toMatchObject({ code: expect.stringMatching(/^RT_INVALID_(TEACHER|MODEL)$/) });
      expect((error as { detail: string }).detail).toMatch(/model\.onnx/);
      const log = await events(id);
      expect(log.slice(-2)).toMatchObject([{ type: 'error', data: error }, { data: { status: 'failed' } }]);
      expect(log.filter(({ type }) => type === 'error')).toHaveLength(1);
    });

    itOnce('trains the head of an encoder, which then teaches', async () => {
      await startTrainer();
      const encoder = await registerToyTeacher(context, { kind: 'encoder' });
      await occurrence(context, encoder, ({ data }) => (data as { status?: string }).status === 'ready');
      const ready = await context.database.prisma.teacher.findUniqueOrThrow({ where: { id: encoder } });
      expect(ready).toMatchObject({ status: 'ready', digest: expect.stringMatching(/^[0-9a-f]{64}$/), error: null });
      expect([...ready.labels].sort()).toEqual(['high', 'low', 'mid']);
      const id = await submitToy(context, encoder);
      expect(await ended(context, id)).toMatchObject({ status: 'succeeded' });
    });

    itOnce('fine-tunes an encoder, going on where a trainer was stopped', async () => {
      const stopped = await forkTrainer();
      const encoder = await registerToyTeacher(context, {
        kind: 'encoder',
        train: { epochs: 100, learningRate: 0.02 },
      });
      await occurrence(context, encoder, inStage('fine-tuning'));
      expect(await stopped.kill('SIGTERM')).toBe(0);
      await startTrainer();
      const resumed = await occurrence(context, encoder, ({ data }) => /^resumed/.test((data as Progress).note ?? ''));
      expect((resumed.data as Progress).done).toBeGreaterThan(0);
      await occurrence(context, encoder, ({ data }) => (data as { status?: string }).status === 'ready');
      const ready = await context.database.prisma.teacher.findUniqueOrThrow({ where: { id: encoder } });
      expect(ready).toMatchObject({ attempt: 1, error: null, metrics: { epochs: 100, layers: 1 } });
      expect((ready.metrics as { accuracy: number }).accuracy).toBeGreaterThan(0.8);
      const folder = join(context.config.dataDir, 'training');
      await eventually(async () => ((await readdir(folder)).length === 0 ? true : undefined), 5_000);
    });

    itOnce('stops fine-tuning when it is cancelled, and leaves nothing behind', async () => {
      await startTrainer();
      const encoder = await registerToyTeacher(context, { kind: 'encoder', train: { epochs: 100 } });
      await occurrence(context, encoder, inStage('fine-tuning'));
      expect(await cancelTeacher(context.database, encoder)).toMatchObject({ status: 'cancelled' });
      await eventually(async () => ((await context.queues.counts('teacher')).active === 0 ? true : undefined), 5_000);
      const row = await context.database.prisma.teacher.findUniqueOrThrow({ where: { id: encoder } });
      expect(row).toMatchObject({ status: 'cancelled', digest: null, error: null, progress: null });
      const folder = join(context.config.dataDir, 'training');
      await eventually(async () => ((await readdir(folder)).length === 0 ? true : undefined), 5_000);
      const ready = await registerToyTeacher(context);
      await expect(cancelTeacher(context.database, ready)).rejects.toMatchObject({ code: 'RT_CONFLICT' });
      await expect(cancelTeacher(context.database, 'tch_0')).rejects.toMatchObject({ code: 'RT_NOT_FOUND' });
    });

    it.runIf(name === 'postgres')(
      'trains several tasks, going on where a trainer was stopped, or not at all',
      async () => {
        const others = ['second'];
        await registerToyTask(context, toyRows(90, 2), others[0]);
        const before = await models();
        const stopped = await startTrainer();
        const id = await submitToyTasks(context, teacher, others, 60);
        await occurrence(context, id, inStage('training'));
        await stopped.close();
        expect(await row(id)).toMatchObject({ status: 'queued', stage: null, attempt: 0 });
        await startTrainer();
        const resumed = await occurrence(context, id, ({ data }) => /^resumed/.test((data as Progress).note ?? ''));
        expect((resumed.data as Progress).done).toBeGreaterThan(0);
        const { status, error } = await ended(context, id);
        expect({ status, error }).toEqual({ status: 'succeeded', error: null });
        const made = (await models()).filter(({ distillationId }) => distillationId === id);
        expect(made.map(({ taskName }) => taskName).sort()).toEqual(['second', TOY_TASK]);
        expect(new Set(made.map(({ digest }) => digest)).size).toBe(1);
        expect(await models()).toHaveLength(before.length + 2);

        const unwanted = await submitToyTasks(context, teacher, others, 1000);
        await occurrence(context, unwanted, inStage('training'));
        await requestCancel(context, unwanted);
        expect(await ended(context, unwanted, 8_000)).toMatchObject({ status: 'cancelled', error: null });
        expect(await models()).toHaveLength(before.length + 2);
      },
    );

    it('survives trainers that are stopped and killed in the middle of training', async () => {
      const before = await models();
      const stopped = await forkTrainer();
      const id = await submitToy(context, teacher, 150);
      await occurrence(context, id, inStage('training'));
      const asked = Date.now();
      expect(await stopped.kill('SIGTERM')).toBe(0);
      expect(Date.now() - asked).toBeLessThan(10_000);
      expect(await row(id)).toMatchObject({ status: 'queued', stage: null, attempt: 0 }); // No attempt was lost.

      // The next goes on from the checkpoint, writes one after every step, and is killed after some of them.
      const killed = await forkTrainer({ CHECKPOINT_SECONDS: '0' });
      const resumption = await occurrence(context, id, ({ data }) => /^resumed/.test((data as Progress).note ?? ''));
      const from = (resumption.data as Progress).done;
      await occurrence(context, id, (event) => inStage('training')(event) && (event.data as Progress).done > from + 1);
      await killed.kill('SIGKILL');
      const { status, stage, attempt } = await row(id); // More than one where a busy machine cost it its lock.
      expect({ status, stage }).toEqual({ status: 'running', stage: 'training' });
      await startTrainer();
      expect(await ended(context, id, 60_000)).toMatchObject({
        status: 'succeeded',
        attempt: attempt + 1,
        error: null,
      });
      expect(await models()).toHaveLength(before.length + 1);

      // Each attempt went on from what the one before had left, and the last left nothing.
      const notes = (await events(id)).map(({ data }) => (data as Progress).note ?? '');
      const steps = notes.flatMap((note) => /^resumed at step (\d+)$/.exec(note)?.slice(1).map(Number) ?? []);
      expect(steps[0]).toBeGreaterThan(0);
      expect(steps.at(-1)).toBeGreaterThan(steps[0]!);
      const folder = join(context.config.dataDir, 'training');
      await eventually(async () => ((await readdir(folder)).length === 0 ? true : undefined), 5_000);
    }, 120_000);
  });
}
