import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendEvent } from '@retort/platform';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from './support/http-app.js';
import { JSONL, jsonl } from './support/jsonl.js';
import { writeToyBert } from './support/toy-bert.js';
import { toyRows, writeToyTeacher } from './support/toy-teacher.js';

let test: TestApp;
let folder: string;
const upload = (task: string, payload: string) =>
  test.ask('POST', `/v1/tasks/${task}/datasets`, { payload, headers: JSONL });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-api-'));
  await writeToyTeacher(join(folder, 'models/classifier'));
  await writeToyTeacher(join(folder, 'models/other'), { labels: ['bottom', 'centre', 'top'] });
  test = await testApp('postgres', { MODEL_ROOTS: join(folder, 'models') });
});
afterAll(async () => {
  await test.close();
  await rm(folder, { recursive: true });
});

describe('distillations', () => {
  let dataset: string;
  let teacher: string;

  beforeAll(async () => {
    await test.ask('PUT', '/v1/tasks/toy', { payload: {} });
    dataset = (await upload('toy', jsonl(toyRows(60)))).body.id;
    teacher = (
      await test.ask('POST', '/v1/teachers', { payload: { name: 'toy', path: join(folder, 'models/classifier') } })
    ).body.id;
  });
  const submit = (payload: object, headers: Record<string, string> = {}) =>
    test.ask('POST', '/v1/distillations', { payload, headers });

  it('are checked whole, every problem at once', async () => {
    const answer = await submit({
      task: 'toy',
      dataset: 'ds_0',
      teacher,
      extra: 1,
      spec: { training: { epochs: 0, nonsense: 1 }, loss: { lambda: 2 } },
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 'RT_INVALID_SPEC' } });
    const paths = answer.body.problems.map(({ path }: { path: string }) => path);
    expect(paths).toEqual(expect.arrayContaining(['/extra', '/dataset', '/spec/training/epochs', '/spec/loss/lambda']));
    const none = await submit({});
    expect(none.body.problems.map(({ path }: { path: string }) => path)).toEqual(['/task', '/dataset', '/teacher']);
    for (const body of [[], null, 'x', 5]) {
      const wrong = await test.ask('POST', '/v1/distillations', {
        payload: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      expect(wrong.body.code).toBe('RT_INVALID_SPEC');
    }
    const { body: elsewhere } = await upload('toy', jsonl([{ text: 'only', label: 'low', split: 'train' }]));
    expect((await submit({ task: 'toy', dataset: elsewhere.id, teacher })).body.problems[0].message).toMatch(/test/);
    await test.ask('PUT', '/v1/tasks/data', { payload: {} });
    await upload('data', jsonl([{ text: 'hello', label: 'greeting', split: 'train' }]));
    const { body: foreign } = await submit({ task: 'data', dataset, teacher });
    expect(foreign.problems.map(({ path }: { path: string }) => path)).toEqual(['/dataset', '/teacher']);
    const transferSet = { strategies: ['back-off', 'swap'] };
    const { body: wordless } = await submit({ task: 'toy', dataset, teacher, spec: { transferSet } });
    expect(wordless.problems).toMatchObject([{ path: '/spec/transferSet/strategies' }]);
    expect(wordless.detail).toContain('WordLevel');
  });

  it('are shown in the present form where they were stored before an upgrade', async () => {
    const { body: given } = await submit({ task: 'toy', dataset, teacher });
    const { student, loss, training } = given.spec;
    const old = {
      student,
      loss: { lambda: loss.lambda, temperature: loss.temperature },
      training: { epochs: training.epochs, batchSize: 16, learningRate: 0.01, weightDecay: 0.01, warmup: 0.1, seed: 1 },
    };
    await test.context.database.prisma.distillation.update({ where: { id: given.id }, data: { spec: old } });
    const { status, body } = await test.ask('GET', `/v1/distillations/${given.id}`);
    expect(status).toBe(200);
    expect(body.spec).toMatchObject(old);
    expect(body.spec.training).toMatchObject({ optimizer: 'adamw', schedule: 'cosine', patience: 0 });
    expect(body.spec.loss.labelSmoothing).toBe(0);
  });

  it('are queued with their shards, once for one Idempotency-Key', async () => {
    const body = { task: 'toy', dataset, teacher, spec: { training: { epochs: 2 } } };
    const [first, twin] = await Promise.all([1, 2].map(() => submit(body, { 'idempotency-key': 'k-1' })));
    expect([first.status, twin.status].sort()).toEqual([200, 201]);
    expect(twin.body.id).toBe(first.body.id);
    expect(first.body).toMatchObject({
      status: 'queued',
      spec: { training: { epochs: 2 }, student: { family: 'static' } },
    });
    const again = await submit({ spec: body.spec, teacher, dataset, task: 'toy' }, { 'idempotency-key': 'k-1' });
    expect(again).toMatchObject({ status: 200, body: { id: first.body.id } });
    expect((await submit({ ...body, spec: {} }, { 'idempotency-key': 'k-1' })).body.code).toBe('RT_CONFLICT');
    expect((await submit(body)).body.id).not.toBe(first.body.id);
    // What is recommended where nothing is said: 42 of the 60 rows train, each in two versions more.
    expect(first.body).toMatchObject({
      spec: { transferSet: { multiply: 2 } },
      ...{ transferSet: null, teacherQueries: { upperBound: 144, estimated: 144 } },
    });
    const varied = await submit({ ...body, spec: { transferSet: { multiply: 3 } } });
    expect(varied.body).toMatchObject({ transferSet: null, teacherQueries: { upperBound: 186, estimated: 186 } });
    const planned = { where: { distillationId: varied.body.id }, _max: { end: true } } as const;
    expect((await test.context.database.prisma.labelShard.aggregate(planned))._max.end).toBe(186);
    expect(await test.context.queues.state('train', first.body.id)).toBe('waiting-children');
    expect((await test.ask('GET', '/v1/distillations?task=toy&status=queued&limit=1')).body.items).toHaveLength(1);
    expect((await test.ask('GET', '/v1/distillations?status=odd')).status).toBe(400);
  });

  it('take any family of students, and tell its defaults and its limits', async () => {
    const asked = (student: object) => submit({ task: 'toy', dataset, teacher, spec: { student } });
    const { status, body } = await asked({ family: 'encoder', layers: 2, width: 128 });
    expect(status).toBe(201);
    expect(body.spec.training.learningRate).toBe(0.001);
    // By its width, and as is recommended.
    expect(body.spec.student).toMatchObject({ heads: 4, intermediate: 512, pooling: 'mean-and-words', hidden: 1024 });
    expect((await asked({ tokens: 'teacher' })).body).toMatchObject({
      code: 'RT_INVALID_SPEC',
      problems: [{ path: '/spec/student/tokens', message: expect.stringContaining('WordLevel') }],
    });
    expect((await asked({ family: 'encoder', heads: 3, buckets: 1000 })).body.problems).toEqual([
      { path: '/spec/student/buckets', message: 'is not a field of the spec' },
    ]);
    expect((await asked({ family: 'encoder', heads: 3 })).body).toMatchObject({
      code: 'RT_INVALID_SPEC',
      problems: [{ path: '/spec/student/heads', message: 'must divide width (128), got 3' }],
    });
  });

  it('start an encoder from a teacher that is a BERT, as it is recommended or asked for, and only where it fits', async () => {
    writeToyBert(join(folder, 'models/bert'));
    const { body: bert } = await test.ask('POST', '/v1/teachers', {
      payload: { name: 'bert', path: join(folder, 'models/bert') },
    });
    const asked = (of: string, student: object) =>
      submit({ task: 'toy', dataset, teacher: of, spec: { student: { family: 'encoder', ...student } } });
    const recommended = await asked(bert.id, {});
    expect(recommended.status).toBe(201);
    expect(recommended.body.spec.student).toMatchObject({ width: 16, heads: 4, initFrom: { layers: [0, 1] } });
    const misfit = { width: 32, heads: 4, initFrom: { layers: [0, 5] } };
    expect((await asked(bert.id, misfit)).body.problems).toEqual([
      { path: '/spec/student/initFrom/layers', message: 'names layer 5, but the teacher has 2, counted from 0' },
      { path: '/spec/student/width', message: "(32) must not be above the teacher's, 16" },
      {
        path: '/spec/student/heads',
        message: "(4) must be of width 4 as the teacher's are: ask for 8 heads, or for a width that 4 divides",
      },
    ]);
    const { body: letters } = await asked(teacher, misfit);
    expect(letters.problems).toMatchObject([
      { path: '/spec/student/initFrom', message: expect.stringContaining('its tokenizer is WordLevel') },
    ]);
  });

  it('take several teachers, and tell what does not fit between them', async () => {
    const { body: other } = await test.ask('POST', '/v1/teachers', {
      payload: { name: 'other', path: join(folder, 'models/other') },
    });
    const asked = (more: object) => submit({ task: 'toy', dataset, teachers: [teacher, other.id], ...more });
    const problems = async (more: object) => {
      const { status, body } = await asked(more);
      expect(status).toBe(400);
      return body.problems.map(({ path }: { path: string }) => path);
    };
    expect(await problems({})).toEqual(['/spec/ensemble/labelMaps/1']);
    expect(await problems({ teacher })).toEqual(['/teachers']);
    expect(await problems({ teachers: [] })).toEqual(['/teachers']);
    expect(await problems({ teachers: [teacher, 'tch_0', teacher, 5] })).toEqual(['/teachers/3']);
    expect(await problems({ teachers: [teacher, 'tch_0', teacher] })).toEqual(['/teachers/1', '/teachers/2']);
    expect(await problems({ teachers: Array(9).fill(teacher) })).toEqual(['/teachers']);
    expect(await problems({ teachers: [teacher], spec: { ensemble: {} } })).toEqual(['/spec/ensemble']);
    const labelMaps = [null, { bottom: 'low', centre: 'mid', top: 'high' }];
    const weighting = { by: 'agreement' };
    expect(await problems({ spec: { ensemble: { labelMaps, weighting, weights: [0, 0] } } })).toEqual([
      '/spec/ensemble/weights',
    ]);
    expect(await problems({ spec: { ensemble: { labelMaps, weighting } } })).toEqual(['/spec/ensemble/weighting/by']);
    const swapped = [{ low: 'bottom', mid: 'centre', high: 'top' }, null];
    // The student would answer with labels that neither the task nor its rows have.
    expect(await problems({ spec: { ensemble: { labelMaps: swapped } } })).toEqual(['/teachers', '/dataset']);

    const { status, body } = await asked({ spec: { ensemble: { labelMaps } } });
    expect(status).toBe(201);
    expect(body).toMatchObject({ teacher, teachers: [teacher, other.id] });
    expect(body.spec.ensemble).toEqual({
      combine: 'probabilities',
      weighting: { by: 'fixed' },
      calibrate: true,
      labelMaps,
    });
    expect((await test.ask('GET', `/v1/distillations/${body.id}`)).body).toEqual(body);
    const { body: alone } = await submit({ task: 'toy', dataset, teachers: [teacher] });
    expect(alone).toMatchObject({ teacher, teachers: [teacher] });
    expect(alone.spec).not.toHaveProperty('ensemble');
  });

  it('take a search for their spec, refuse an impossible one, and list its trials', async () => {
    const asked = (spec: object) => submit({ task: 'toy', dataset, teacher, spec });
    const space = { '/loss/temperature': { min: 1, max: 8, scale: 'log' }, '/student/hidden': { values: [0, 64] } };
    const { status, body } = await asked({ sweep: { space, trials: 6 } });
    expect(status).toBe(201);
    expect(body.spec.sweep).toEqual({
      ...{ space, trials: 6, method: 'successive-halving', eta: 3, firstShare: 0.125 },
      ...{ patience: 3, metric: 'accuracy', seed: 1 },
    });
    const trials = () => test.ask('GET', `/v1/distillations/${body.id}/trials`);
    expect(await trials()).toMatchObject({ status: 200, body: { items: [] } });
    const measured = { value: 0.5, rows: 9, loss: 0.1, epochs: 2, bytes: 1000, latencyMs: 0.1, speedup: 30 };
    await test.context.database.prisma.trial.create({
      data: {
        ...{ distillationId: body.id, rung: 0, index: 3, varied: { '/loss/temperature': 2.5 }, attempt: 1 },
        ...{ result: { seconds: 2, measured }, startedAt: new Date(), doneAt: new Date() },
      },
    });
    expect((await trials()).body.items).toMatchObject([
      {
        rung: 0,
        index: 3,
        status: 'succeeded',
        varied: { '/loss/temperature': 2.5 },
        seconds: 2,
        measured,
        error: null,
      },
    ]);
    expect((await test.ask('GET', '/v1/distillations/dst_0/trials')).status).toBe(404);

    const points = { '/softLabels/topK': { values: [1, 5] } };
    expect((await asked({ sweep: { space: points } })).body).toMatchObject({
      code: 'RT_INVALID_SPEC',
      problems: [{ path: '/spec/sweep/space', message: expect.stringContaining('{"/softLabels/topK":5}, whose') }],
    });
    // The texts of the trial that asks for the most are labelled for all: 42 of the 60 rows train.
    const multiply = { '/transferSet/multiply': { values: [1, 5] } };
    const varied = await asked({ transferSet: { multiply: 2 }, sweep: { space: multiply, trials: 2 } });
    expect(varied.body).toMatchObject({ teacherQueries: { upperBound: 270, estimated: 270 } });

    const auto = await asked({ student: { family: 'auto', budget: { latencyMs: 0.5 } } });
    expect(auto).toMatchObject({ status: 201, body: { spec: { auto: { budget: { latencyMs: 0.5 } } } } });
    expect((await asked({ sweep: { space: { '/loss/heat': { min: 1, max: 2 } } } })).body).toMatchObject({
      code: 'RT_INVALID_SPEC',
      problems: [{ path: '/spec/sweep/space/~1loss~1heat' }],
    });
  });

  it('take several tasks for one student, and refuse what does not fit, all of it at once', async () => {
    await test.ask('PUT', '/v1/tasks/spots', { payload: {} });
    const spots: Record<string, string> = { low: 'bottom', mid: 'centre', high: 'top' };
    const rows = toyRows(45, 2).map((row) => ({ ...row, label: spots[row.label!]! }));
    const { body: other } = await upload('spots', jsonl(rows));
    const { body: reader } = await test.ask('POST', '/v1/teachers', {
      payload: { name: 'spots', path: join(folder, 'models/other') },
    });
    const first = { task: 'toy', dataset, teacher };
    const second = { task: 'spots', dataset: other.id, teacher: reader.id };
    const problems = async (payload: object) => {
      const { status, body } = await submit(payload);
      expect(status).toBe(400);
      expect(body.code).toBe('RT_INVALID_SPEC');
      return body.problems.map(({ path }: { path: string }) => path).sort();
    };
    expect(await problems({ tasks: [first] })).toEqual(['/tasks']);
    expect(await problems({ tasks: Array(9).fill(first) })).toEqual(['/tasks']);
    expect(await problems({ tasks: null, task: 'toy' })).toEqual(['/task', '/tasks']);
    const named = { multiTask: { tasks: { spots: {} } }, transferSet: {} };
    const weighted = [first, { ...second, weight: 1 }];
    expect(await problems({ tasks: weighted, spec: named })).toEqual(['/spec/transferSet', '/tasks/1/weight']);
    expect(await problems({ tasks: [first, second], task: 'toy', teacher })).toEqual(['/task', '/teacher']);
    const worded = { student: { tokens: 'teacher' } };
    expect(await problems({ tasks: [first, second], spec: worded })).toEqual(['/spec/student/tokens']);
    expect(await problems({ tasks: [first, second, first] })).toEqual(['/tasks/2/task']);
    const nowhere = { task: 'none', dataset: 'ds_0', teacher: 'tch_0' };
    const spec = { ensemble: {}, training: { epochs: 0 }, multiTask: { tasks: { nobody: {}, toy: { weight: 0 } } } };
    expect(await problems({ tasks: [first, nowhere], spec })).toEqual([
      ...['/spec/ensemble', '/spec/multiTask/tasks/toy/weight', '/spec/training/epochs'],
      ...['/tasks/1/dataset', '/tasks/1/task', '/tasks/1/teacher'],
    ]);
    // Each with the other's data, or the other's teacher.
    const crossed = [first, { ...second, dataset }];
    expect(await problems({ tasks: crossed })).toEqual(expect.arrayContaining(['/tasks/1/dataset']));
    expect(await problems({ tasks: [first, { ...second, teacher }] })).toEqual([
      '/tasks/1/dataset',
      '/tasks/1/teacher',
    ]);

    const gate = { minAccuracy: 0.9 };
    const { status, body } = await submit({ tasks: [first, second], spec: { multiTask: { tasks: { spots: gate } } } });
    expect(status).toBe(201);
    const made = { metrics: null, model: null };
    expect(body).toMatchObject({
      ...first,
      tasks: [
        { ...first, ...made },
        { ...second, ...made },
      ],
      metrics: null,
    });
    expect(body.spec.multiTask).toEqual({ sampling: 1, tasks: { spots: gate } });
    expect(body.spec).toMatchObject({ loss: { temperature: 2 }, training: { batchSize: 128, learningRate: 0.005 } });
    expect(body.spec).not.toHaveProperty('outOfScope');
    expect(body.teacherQueries).toEqual({ upperBound: 105, estimated: 105 });
    expect((await test.ask('GET', `/v1/distillations/${body.id}`)).body).toEqual(body);
    const { body: listed } = await test.ask('GET', '/v1/distillations?task=spots');
    expect(listed.items).toEqual([body]);
    const shards = await test.context.database.prisma.labelShard.findMany({ where: { distillationId: body.id } });
    expect(shards.map(({ start, end }) => [start, end])).toEqual([
      [0, 60],
      [60, 105],
    ]);
    expect(await test.ask('POST', `/v1/distillations/${body.id}/cancel`)).toMatchObject({
      body: { status: 'cancelled' },
    });
  });

  it('are cancelled at once while they wait', async () => {
    const { id } = (await submit({ task: 'toy', dataset, teacher })).body;
    expect((await test.ask('POST', `/v1/distillations/${id}/cancel`)).body).toMatchObject({ status: 'cancelled' });
    expect((await test.ask('POST', `/v1/distillations/${id}/cancel`)).status).toBe(200);
    expect(await test.context.queues.state('train', id)).toBe('missing');
    expect((await test.ask('POST', '/v1/distillations/dst_0/cancel')).status).toBe(404);
    const events = await test.ask('GET', `/v1/distillations/${id}/events`);
    expect(events.text.match(/"status":"(\w+)"/g)).toEqual(['"status":"queued"', '"status":"cancelled"']);
  });

  it('stream their events live, from any of them on, until the end', async () => {
    const { id } = (await submit({ task: 'toy', dataset, teacher })).body;
    const address = await test.app.listen({ port: 0, host: '127.0.0.1' });
    const read = (lastEventId?: string) =>
      new Promise<{ status: number; text: string }>((resolve, reject) => {
        const headers = {
          authorization: `Bearer ${test.keys.submit}`,
          ...(lastEventId && { 'last-event-id': lastEventId }),
        };
        request(`${address}/v1/distillations/${id}/events`, { headers }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text })).on('error', reject);
        })
          .on('error', reject)
          .end();
      });
    const reading = read();
    await sleep(50);
    const { prisma } = test.context.database;
    const progress = { stage: 'labelling', done: 1, total: 2, ratePerSecond: 1, secondsLeft: 1 } as const;
    await appendEvent(prisma, id, 'progress', progress);
    await appendEvent(prisma, id, 'error', { code: 'RT_INTERNAL', detail: 'line\nbreak', hint: '' });
    await sleep(400);
    await test.ask('POST', `/v1/distillations/${id}/cancel`);
    const { status, text } = await reading;
    expect(status).toBe(200);
    expect(text.match(/^event: .*$/gm)).toEqual([
      'event: status',
      'event: progress',
      'event: failure',
      'event: status',
    ]);
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, each]) => each);
    const rest = await read(ids[1]);
    expect(rest.text.match(/^id: .*$/gm)).toEqual([`id: ${ids[2]}`, `id: ${ids[3]}`]);
    expect((await read(ids[3])).status).toBe(204);
    expect(
      (await test.ask('GET', `/v1/distillations/${id}/events`, { headers: { 'last-event-id': 'x' } })).status,
    ).toBe(400);
  });
});
