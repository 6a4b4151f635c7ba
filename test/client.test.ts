import { openAsBlob } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRetortClient, type RetortClient, RetortProblem, unwrap } from '@retort/client';
import { createLabeler } from '@retort/labeler';
import type { Service } from '@retort/platform';
import { createTrainer } from '@retort/trainer';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from './support/http-app.js';
import { watchLoop } from './support/loop-lag.js';
import { wordpiece } from './support/tokenizers.js';
import { TOY_LABELS, toyRows, writeToyTeacher } from './support/toy-teacher.js';

describe('the OpenAPI document', () => {
  it('is valid, and the committed one is the one that the routes make', async () => {
    const { buildDocument } = await import('../packages/client/scripts/document.js');
    const document = JSON.parse(JSON.stringify(await buildDocument()));
    expect(await new Validator().validate(document)).toEqual({ valid: true });
    const committed = await readFile(new URL('../packages/client/openapi.json', import.meta.url), 'utf8');
    expect(JSON.parse(committed), 'run `npm run generate`').toEqual(document);
    for (const item of Object.values(document.paths) as Record<
      string,
      { operationId?: string; summary?: string; tags?: string[] }
    >[]) {
      for (const { operationId, summary, tags } of Object.values(item)) {
        expect(operationId && summary && tags?.length, JSON.stringify({ operationId, summary, tags })).toBeTruthy();
      }
    }
  });
});

describe('the generated client', () => {
  let test: TestApp;
  let folder: string;
  let workers: Service[];
  let retort: RetortClient;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'retort-client-'));
    await writeToyTeacher(folder, { kind: 'encoder' });
    test = await testApp('postgres', { LABEL_SHARD_ROWS: '100' });
    workers = [await createLabeler(test.context), await createTrainer(test.context)];
    const baseUrl = await test.app.listen({ port: 0, host: '127.0.0.1' });
    retort = createRetortClient({ baseUrl, apiKey: test.keys.submit });
  });
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.close()));
    await test.close();
    await rm(folder, { recursive: true });
  });

  it('drives a whole job: task, dataset, teacher with a head to train, distillation, deployment, answers', async () => {
    const task = 'toy';
    const path = { task };
    unwrap(
      await retort.PUT('/v1/tasks/{task}', { params: { path }, body: { description: 'which third of the alphabet' } }),
    );
    const lines = toyRows(300).map((row) => `${JSON.stringify(row)}\n`);
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const line of lines) controller.enqueue(new TextEncoder().encode(line));
        controller.close();
      },
    });
    const dataset = await retort.uploadDataset(task, stream, { format: 'jsonl' });
    expect(dataset.rows).toBe(300);
    expect((await retort.uploadDataset(task, lines.join(''), { format: 'jsonl' })).id).toBe(dataset.id);

    const paths = ['onnx/model.onnx', 'tokenizer.json', 'tokenizer_config.json', 'config.json'];
    const files = await Promise.all(
      paths.map(async (each) => ({ path: each, content: await openAsBlob(join(folder, each)) })),
    );
    const registered = await retort.uploadTeacher({ name: 'toy encoder', task, head: { dataset: dataset.id } }, files);
    expect(registered.status).toBe('training');
    const teacher = await retort.waitForTeacher(registered.id);
    expect(teacher).toMatchObject({ status: 'ready', labels: [...TOY_LABELS].sort() });

    const submitted = unwrap(
      await retort.POST('/v1/distillations', {
        params: { header: { 'idempotency-key': 'only-once' } },
        body: {
          task,
          dataset: dataset.id,
          teacher: teacher.id,
          spec: { training: { epochs: 15 }, student: { buckets: 4096 } },
        },
      }),
    );
    const seen = new Set<string>();
    const done = await retort.waitForDistillation(submitted.id, {
      onEvent: ({ type, data }) =>
        seen.add(type === 'progress' ? `progress ${data.stage}` : `${type} ${data.status ?? ''}`.trim()),
    });
    expect(done.error).toBeNull();
    expect(done).toMatchObject({ status: 'succeeded', stage: null });
    expect(done.metrics?.student.accuracy).toBeGreaterThan(0.5);
    expect([...seen]).toEqual(
      expect.arrayContaining(['status queued', 'progress labelling', 'progress training', 'status succeeded']),
    );

    const { items } = unwrap(await retort.GET('/v1/tasks/{task}/models', { params: { path } }));
    const model = items[0];
    expect(model).toMatchObject({
      id: done.model,
      version: 1,
      lineage: { teacher: { id: teacher.id }, dataset: { id: dataset.id } },
    });
    const card = await retort.GET('/v1/models/{model}/files/{path}', {
      params: { path: { model: model.id, path: 'README.md' } },
      parseAs: 'text',
    });
    expect(card.data).toContain('distilled by Retort');
    const graph = await retort.GET('/v1/models/{model}/files/{path}', {
      params: { path: { model: model.id, path: 'onnx/model.onnx' } },
      parseAs: 'arrayBuffer',
    });
    expect(graph.data?.byteLength).toBe(model.files.find((file) => file.path === 'onnx/model.onnx')?.bytes);

    unwrap(
      await retort.PUT('/v1/tasks/{task}/aliases/{alias}', {
        params: { path: { task, alias: 'champion' } },
        body: { model: model.id, expectedModel: null },
      }),
    );
    const tests = toyRows(300).filter(({ split }) => split === 'test');
    const { outputs } = await retort.inferAll(
      task,
      tests.map(({ text }) => text),
    );
    const right = outputs.filter(({ label }, i) => label === tests[i].label).length;
    expect(right / tests.length).toBeCloseTo(done.metrics?.student.accuracy ?? 0);
    const answer = await retort.infer(task, tests[0].text, { topK: 3 });
    expect(answer).toMatchObject({
      label: outputs[0].label,
      model: { id: model.id, version: 1, alias: 'champion' },
    });
  });

  it('learns from several teachers at once, each with a tokenizer and label names of its own', async () => {
    const { prisma } = test.context.database;
    const { taskName: task, datasetId: dataset, teacherId } = await prisma.distillation.findFirstOrThrow();
    const config = { model_max_length: 64, tokenizer_class: 'BertTokenizer', pad_token: '[PAD]', unk_token: '[UNK]' };
    const words = join(folder, 'words');
    await writeToyTeacher(words, {
      tokens: { tokenizer: wordpiece({ lowercase: true }), config },
      labels: ['bottom', 'centre', 'top'],
    });
    const paths = ['onnx/model.onnx', 'tokenizer.json', 'tokenizer_config.json', 'config.json'];
    const files = await Promise.all(
      paths.map(async (path) => ({ path, content: await openAsBlob(join(words, path)) })),
    );
    const { id: other } = await retort.uploadTeacher({ name: 'reads words' }, files);
    const labelMaps = [null, { bottom: 'low', centre: 'mid', top: 'high' }];
    const spec = {
      training: { epochs: 5 },
      student: { buckets: 1024 },
      transferSet: { multiply: 0 },
      ensemble: { weighting: { by: 'skill' }, labelMaps },
    };
    const submitted = await test.ask('POST', '/v1/distillations', {
      payload: { task, dataset, teachers: [teacherId, other], spec },
    });
    const done = await retort.waitForDistillation(submitted.body.id);
    expect(done.error).toBeNull();
    const { body: job } = await test.ask('GET', `/v1/distillations/${done.id}`);
    expect(job.teachers).toEqual([teacherId, other]);
    expect(job.metrics.teachers.map(({ name }: { name: string }) => name)).toEqual(['toy encoder', 'reads words']);
    const [first, second] = job.metrics.teachers;
    expect(job.metrics.teacher.accuracy).toBeGreaterThanOrEqual(Math.min(first.accuracy, second.accuracy));
    expect(job.metrics.teacher.bytes).toBe(first.bytes + second.bytes);
    const { body: model } = await test.ask('GET', `/v1/models/${job.model}`);
    expect(model.lineage.teachers.map(({ id }: { id: string }) => id)).toEqual([teacherId, other]);
    expect(model.lineage.teacher.id).toBe(teacherId);
    // The second is asked about each text once; the first had answered them before.
    const { digest: teacherDigest } = model.lineage.teachers[1];
    expect(await prisma.softLabel.count({ where: { teacherDigest } })).toBe(300);
  });

  it('is answered while a job trains, by an event loop that is never held up for 50 ms', async () => {
    const { prisma } = test.context.database;
    const { taskName: task, datasetId: dataset, teacherId: teacher } = await prisma.distillation.findFirstOrThrow();
    const spec = { training: { epochs: 40 } };
    const job = unwrap(await retort.POST('/v1/distillations', { body: { task, dataset, teacher, spec } }));
    const longestTurn = watchLoop();
    let answers = 0;
    let training = true;
    const asking = async () => {
      for (; training; answers++) await retort.inferAll(task, Array(50).fill('abc def'));
    };
    const following = async () => {
      const done = await retort.waitForDistillation(job.id).finally(() => {
        training = false;
      });
      expect(done.status).toBe('succeeded');
    };
    await Promise.all([asking(), following()]);
    expect(longestTurn()).toBeLessThan(50);
    expect(answers).toBeGreaterThan(20);
  });

  it('learns several tasks at once: one student, which is a version of each task and answers all of them', async () => {
    const { prisma } = test.context.database;
    const toy = await prisma.distillation.findFirstOrThrow({ where: { taskName: 'toy' } });
    const labels = ['bottom', 'centre', 'top'];
    await writeToyTeacher(join(folder, 'spots'), { labels });
    const files = await Promise.all(
      ['onnx/model.onnx', 'tokenizer.json', 'tokenizer_config.json', 'config.json'].map(async (path) => ({
        ...{ path, content: await openAsBlob(join(folder, 'spots', path)) },
      })),
    );
    const teacher = await retort.uploadTeacher({ name: 'spots' }, files);
    unwrap(await retort.PUT('/v1/tasks/{task}', { params: { path: { task: 'spots' } }, body: {} }));
    const rows = toyRows(200, 2).map((row) => ({ ...row, label: labels[TOY_LABELS.indexOf(row.label!)]! }));
    const jsonl = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const dataset = await retort.uploadDataset('spots', jsonl, { format: 'jsonl' });
    const tasks = [
      { task: 'toy', dataset: toy.datasetId, teacher: toy.teacherId },
      { task: 'spots', dataset: dataset.id, teacher: teacher.id },
    ];
    const submitted = unwrap(
      await retort.POST('/v1/distillations', {
        body: {
          tasks,
          spec: {
            ...{ student: { buckets: 1024, width: 16 }, training: { epochs: 20, batchSize: 32, learningRate: 0.02 } },
            // One gate that cannot be failed, and one that can hardly be passed.
            multiTask: { tasks: { toy: { minAccuracy: 0 }, spots: { minAgreement: 1 } } },
          },
        },
      }),
    );
    const measured: unknown[] = [];
    const done = await retort.waitForDistillation(submitted.id, {
      onEvent: ({ type, data }) => type === 'metrics' && measured.push(data.task),
    });
    expect(done.error).toBeNull();
    expect(done.status).toBe('succeeded');
    expect(measured).toEqual([undefined, 'spots']);
    expect(done.teacherQueries).toEqual({ upperBound: 500, estimated: 500, made: 200, cached: 300 });
    expect(done.tasks).toMatchObject(tasks);
    const models = [];
    for (const { task, teacher: of, metrics, model: id } of done.tasks ?? []) {
      const model = unwrap(await retort.GET('/v1/models/{model}', { params: { path: { model: id! } } }));
      expect(model).toMatchObject({ task, metrics, distillation: done.id, lineage: { teacher: { id: of } } });
      expect(model.lineage.tasks).toEqual(['toy', 'spots']);
      expect(model.lineage.spec.multiTask?.tasks).toEqual(done.spec.multiTask?.tasks);
      const champion = { params: { path: { task, alias: 'champion' } }, body: { model: model.id } };
      unwrap(await retort.PUT('/v1/tasks/{task}/aliases/{alias}', champion));
      models.push(model);
    }
    const [first, second] = models;
    expect(done.model).toBe(first?.id);
    expect(second?.version).toBe(1);
    expect(second?.files).toEqual(first?.files);
    expect(first?.metrics.gate).toEqual({ passed: true, failures: [] });
    expect(first?.metrics.temperatures?.student).toBeGreaterThan(0);
    const { agreement, accuracy } = second!.metrics.student;
    const failures = agreement < 1 ? [{ measure: 'agreement', least: 1, got: agreement }] : [];
    expect(second?.metrics.gate).toEqual({ passed: agreement === 1, failures });
    expect(accuracy).toBeGreaterThan(0.6);

    // Each alias asks the head of its own task, and gets what was measured of it.
    const tests = rows.filter(({ split }) => split === 'test');
    const { outputs } = await retort.inferAll(
      'spots',
      tests.map(({ text }) => text),
    );
    const right = outputs.filter(({ label }, i) => label === tests[i].label).length;
    expect(right / tests.length).toBeCloseTo(accuracy);
    const named = await retort.infer('toy', tests[0].text, { model: first?.id, topK: 3 });
    expect(named.scores.map(({ label }) => label).sort()).toEqual([...TOY_LABELS].sort());
  });

  it('throws problems that say what to do', async () => {
    const problem = async (work: Promise<unknown>) => {
      const error = await work.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(RetortProblem);
      return (error as RetortProblem).problem;
    };
    expect((await problem(retort.infer('no-such-task', 'hello'))).code).toBe('RT_NOT_FOUND');
    expect((await problem(retort.waitForDistillation('dst_0'))).code).toBe('RT_NOT_FOUND');
    const stranger = createRetortClient({
      baseUrl: retort ? String((await test.app.listeningOrigin) ?? '') : '',
      apiKey: 'rt_no',
    });
    expect((await problem(stranger.infer('toy', 'hello'))).code).toBe('RT_UNAUTHENTICATED');
  });

  it('stops following when it is told to', async () => {
    const stop = new AbortController();
    const { id } = await test.context.database.prisma.distillation.findFirstOrThrow();
    await test.context.database.prisma.$executeRaw`DELETE FROM "Event" WHERE "type" = 'status'`;
    await test.context.database.prisma.$executeRaw`UPDATE "Distillation" SET "status" = 'running'`;
    setTimeout(() => stop.abort(new Error('enough')), 200);
    await expect(retort.waitForDistillation(id, { signal: stop.signal })).rejects.toThrow('enough');
  });
});
