import { cp, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '@retort/contracts';
import { appendEvent } from '@retort/platform';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from './support/http-app.js';
import { seedModel } from './support/seed-model.js';
import { writeToyBert } from './support/toy-bert.js';
import { TOY_LABELS, toyRows, writeToyTeacher } from './support/toy-teacher.js';

let test: TestApp;
let folder: string;
const JSONL = { 'content-type': 'application/x-ndjson' };
const jsonl = (rows: (Partial<Row> | object)[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const upload = (task: string, payload: string | Buffer, headers: Record<string, string> = JSONL) =>
  test.ask('POST', `/v1/tasks/${task}/datasets`, { payload, headers });
const artifacts = async () =>
  (await readdir(join(test.context.config.dataDir, 'artifacts'), { recursive: true }).catch(() => [])).length;

/** A multipart body; files are `[filename, content]`. */
function form(fields: Record<string, string>, files: [string, string | Buffer][]) {
  const boundary = 'xX0Xx';
  const parts: Buffer[] = [];
  const part = (head: string, content: string | Buffer) =>
    parts.push(
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`),
      Buffer.from(content),
      Buffer.from('\r\n'),
    );
  for (const [name, value] of Object.entries(fields)) part(`name="${name}"`, value);
  for (const [name, content] of files) part(`name="files"; filename="${name}"`, content);
  parts.push(Buffer.from(`--${boundary}--\r\n`));
  return { payload: Buffer.concat(parts), headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-api-'));
  await writeToyTeacher(join(folder, 'models/classifier'));
  await writeToyTeacher(join(folder, 'models/encoder'), { kind: 'encoder' });
  await writeToyTeacher(join(folder, 'models/other'), { labels: ['bottom', 'centre', 'top'] });
  test = await testApp('postgres', { MODEL_ROOTS: join(folder, 'models') });
});
afterAll(async () => {
  await test.close();
  await rm(folder, { recursive: true });
});

describe('tasks', () => {
  it('are made, changed, listed by pages', async () => {
    expect((await test.ask('PUT', '/v1/tasks/a1', { payload: { description: 'one' } })).status).toBe(201);
    const changed = await test.ask('PUT', '/v1/tasks/a1', { payload: { labels: ['x', 'y'] } });
    expect(changed).toMatchObject({ status: 200, body: { name: 'a1', description: 'one', labels: ['x', 'y'] } });
    await test.ask('PUT', '/v1/tasks/a2', { payload: {} });
    const first = await test.ask('GET', '/v1/tasks?limit=1');
    expect(first.body.items).toHaveLength(1);
    const second = await test.ask('GET', `/v1/tasks?limit=1&cursor=${first.body.nextCursor}`);
    expect(second.body.items[0].name > first.body.items[0].name).toBe(true);
    expect((await test.ask('GET', '/v1/tasks?cursor=e30')).body.code).toBe('RT_INVALID_FIELD');
    expect((await test.ask('GET', '/v1/tasks/nothing')).body.code).toBe('RT_NOT_FOUND');
  });
});

describe('datasets', () => {
  it('tell what they hold, and what was refused', async () => {
    await test.ask('PUT', '/v1/tasks/data', { payload: {} });
    const content = `${jsonl([
      { text: 'hello', label: 'greet', split: 'train' },
      { text: 'hello', label: 'greet', split: 'test' },
      { text: 'hi', label: 'greet', split: 'val' },
      { text: 'bye', label: 'leave', split: 'train' },
      { text: '', label: 'leave' },
    ])}not json\n{"text":"who\\u0000"}\n{"text":"\\ud800"}\n{"text":"free","split":"train"}\n`;
    const answer = await upload('data', content);
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toBe(`/v1/datasets/${answer.body.id}`);
    expect(answer.body).toMatchObject({
      task: 'data',
      bytes: Buffer.byteLength(content),
      rows: 5,
      counts: {
        splits: { train: 3, valid: 1, test: 1 },
        labels: { greet: { train: 1, valid: 1, test: 1 }, leave: { train: 1, valid: 0, test: 0 } },
        unlabelled: 1,
      },
      rejected: { count: 4 },
      duplicates: { count: 1, samples: [{ text: 'hello', splits: ['train', 'test'] }] },
    });
    expect(answer.body.rejected.samples.map(({ line }: { line: number }) => line)).toEqual([5, 6, 7, 8]);
    expect((await test.ask('GET', '/v1/tasks/data')).body.labels).toEqual(['greet', 'leave']);
    expect((await test.ask('GET', `/v1/datasets/${answer.body.id}`)).body).toEqual(answer.body);

    const again = await upload('data', content);
    expect(again).toMatchObject({ status: 200, body: { id: answer.body.id } });
    expect((await test.ask('GET', '/v1/tasks/data/datasets')).body.items).toHaveLength(1);

    const stranger = await upload(
      'data',
      jsonl([
        { text: 'a', label: 'other' },
        { text: 'b', label: 'greet' },
      ]),
    );
    expect(stranger.body).toMatchObject({ rows: 1, rejected: { count: 1, samples: [{ line: 1 }] } });
    const fixed = await test.ask('PUT', '/v1/tasks/data', { payload: { labels: ['else'] } });
    expect(fixed.body.code).toBe('RT_CONFLICT');
  });

  it('come as CSV and as a form too', async () => {
    await test.ask('PUT', '/v1/tasks/forms', { payload: {} });
    const csv = 'label,text\nx,"one, two"\ny,three\n';
    const plain = await upload('forms', csv, { 'content-type': 'text/csv; charset=utf-8' });
    expect(plain.body).toMatchObject({ rows: 2, counts: { labels: { x: {}, y: {} } } });
    const { payload, headers } = form({}, [['rows.csv', csv]]);
    expect(await upload('forms', payload, headers)).toMatchObject({ status: 200, body: { id: plain.body.id } });
    expect((await upload('forms', csv, { 'content-type': 'text/csv; charset=utf-16' })).status).toBe(415);
    const unnamed = form({}, [['rows.bin', csv]]);
    expect((await upload('forms', unnamed.payload, unnamed.headers)).status).toBe(415);
    const empty = form({ a: 'b' }, []);
    expect((await upload('forms', empty.payload, empty.headers)).body.code).toBe('RT_INVALID_FIELD');
  });

  it('without a usable row leave nothing behind', async () => {
    await test.ask('PUT', '/v1/tasks/empty', { payload: {} });
    const before = await artifacts();
    const answer = await upload('empty', 'nonsense\n{"text":" "}\n');
    expect(answer).toMatchObject({ status: 422, body: { code: 'RT_INVALID_DATASET' } });
    expect(answer.body.problems.map(({ path }: { path: string }) => path)).toEqual(['/lines/1', '/lines/2']);
    expect(await artifacts()).toBe(before);
    expect((await test.ask('GET', '/v1/tasks/empty/datasets')).body.items).toEqual([]);
    expect((await test.ask('GET', '/v1/tasks/empty')).body.labels).toEqual([]);
    expect((await upload('no-such-task', '{"text":"a"}')).status).toBe(404);
  });

  it('uploaded at once agree on the labels of their task', async () => {
    await test.ask('PUT', '/v1/tasks/race', { payload: {} });
    const answers = await Promise.all(['x', 'y', 'z'].map((label) => upload('race', jsonl([{ text: label, label }]))));
    const { labels } = (await test.ask('GET', '/v1/tasks/race')).body;
    expect(labels).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const { status, body } of answers)
      if (status !== 201) expect(body.code).toMatch(/RT_(CONFLICT|INVALID_DATASET)/);
  });
});

describe('teachers', () => {
  it('that classify are ready at once and answer', async () => {
    const answer = await test.ask('POST', '/v1/teachers', {
      payload: { name: 'toy', path: join(folder, 'models/classifier') },
    });
    expect(answer).toMatchObject({
      status: 201,
      body: { kind: 'onnx-classifier', status: 'ready', labels: TOY_LABELS, head: null, task: null },
    });
    expect(answer.body.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(answer.body.manifest).toMatchObject({ modelFile: 'onnx/model.onnx', tokenizer: { type: 'WordLevel' } });
    const { id } = answer.body;
    expect((await test.ask('GET', `/v1/teachers/${id}`)).body).toEqual(answer.body);
    expect((await test.ask('GET', '/v1/teachers')).body.items[0].id).toBe(id);
    const said = await test.ask('POST', `/v1/teachers/${id}/predict`, { payload: { inputs: ['abc', 'xyz'], topK: 3 } });
    expect(said.body.outputs.map(({ label }: { label: string }) => label)).toEqual(['low', 'high']);
    expect(said.body.outputs[0].scores).toHaveLength(3);
    expect((await test.ask('POST', `/v1/teachers/${id}/predict`, { payload: { input: 'mno' } })).body.label).toBe(
      'mid',
    );
    expect((await test.ask('POST', '/v1/teachers/tch_0/predict', { payload: { input: 'a' } })).status).toBe(404);
    const ended = await test.ask('GET', `/v1/teachers/${id}/events`);
    expect(ended.text).toContain('event: status');
  });

  it('come as files, too', async () => {
    const read = async (path: string): Promise<[string, Buffer]> => [
      path,
      await readFile(join(folder, 'models/classifier', path)),
    ];
    const files = await Promise.all(
      ['onnx/model.onnx', 'tokenizer.json', 'tokenizer_config.json', 'config.json'].map(read),
    );
    const send = (fields: Record<string, string>, list: [string, string | Buffer][]) =>
      test.ask('POST', '/v1/teachers', form(fields, list));
    expect(await send({ name: 'uploaded' }, files)).toMatchObject({
      status: 201,
      body: { status: 'ready', labels: TOY_LABELS },
    });
    expect((await send({}, files)).body).toMatchObject({ code: 'RT_INVALID_FIELD', problems: [{ path: '/name' }] });
    expect((await send({ name: 'x', head: '{' }, files)).body.problems[0].path).toBe('/head');
    expect((await send({ name: 'x' }, [])).body.problems[0].path).toBe('/files');
    expect((await send({ name: 'x' }, files.slice(1))).body.code).toBe('RT_INVALID_TEACHER');
    expect((await send({ name: 'x' }, [...files, ['../../evil', 'x']])).body.code).toBe('RT_INVALID_TEACHER');
    expect((await send({ name: 'x' }, [...files, ['config.json/x', 'x']])).body.code).toBe('RT_INVALID_TEACHER');
    expect((await send({ name: 'x' }, [...files, files[0]])).body.code).toBe('RT_INVALID_TEACHER');
    const strange = files.map(([path, content]): [string, string | Buffer] =>
      path === 'config.json' ? [path, '{"id2label":{"0":"a\\u0000b","1":"\\ud800","2":"c"}}'] : [path, content],
    );
    expect((await send({ name: 'x' }, strange)).status).toBeLessThan(500);
    expect(await readdir(join(test.context.config.dataDir, 'tmp'))).toEqual([]);
  });

  it('by path lie below MODEL_ROOTS, links included', async () => {
    const at = async (path: string) => (await test.ask('POST', '/v1/teachers', { payload: { name: 'x', path } })).body;
    for (const path of [
      '/etc',
      folder,
      join(folder, 'models/../..'),
      join(folder, 'models/none'),
      'models',
      '/proc/self/root',
    ]) {
      expect(await at(path)).toMatchObject({ code: 'RT_INVALID_FIELD', problems: [{ path: '/path' }] });
    }
    await cp(join(folder, 'models/classifier'), join(folder, 'models/linked'), { recursive: true });
    await rm(join(folder, 'models/linked/config.json'));
    await symlink('/etc/hostname', join(folder, 'models/linked/config.json'));
    expect((await at(join(folder, 'models/linked'))).detail).toMatch(/config.json is a link/);
  });

  it('that encode wait for the training of a head', async () => {
    await test.ask('PUT', '/v1/tasks/heads', { payload: {} });
    const path = join(folder, 'models/encoder');
    const register = async (more: object) =>
      (await test.ask('POST', '/v1/teachers', { payload: { name: 'enc', path, ...more } })).body;
    expect((await register({})).code).toBe('RT_INVALID_TEACHER');
    expect((await register({ kind: 'onnx-encoder' })).problems[0].path).toBe('/head');
    expect((await register({ head: { dataset: 'ds_0' } })).code).toBe('RT_NOT_FOUND');
    const { body: dataset } = await upload('heads', jsonl(toyRows(60)));
    const { body: poor } = await upload('heads', jsonl([{ text: 'a', label: 'low', split: 'train' }]));
    expect((await register({ head: { dataset: poor.id } })).code).toBe('RT_INVALID_DATASET');
    expect((await register({ task: 'data', head: { dataset: dataset.id } })).problems[0].path).toBe('/head/dataset');
    const teacher = await register({ head: { dataset: dataset.id } });
    expect(teacher).toMatchObject({
      status: 'training',
      task: 'heads',
      head: { dataset: dataset.id, seed: 1 },
      digest: null,
    });
    expect(await test.context.queues.state('teacher', teacher.id)).toBe('waiting');
    const said = await test.ask('POST', `/v1/teachers/${teacher.id}/predict`, { payload: { input: 'a' } });
    expect(said.body.code).toBe('RT_CONFLICT');
    const early = await test.ask('POST', '/v1/distillations', {
      payload: { task: 'heads', dataset: dataset.id, teacher: teacher.id },
    });
    expect(early.body.problems).toEqual([
      { path: '/teacher', message: 'cannot be asked: its head is still in training' },
    ]);
  });
});

describe('teachers that are fine-tuned', () => {
  it('are checked whole when they are registered, wait for a trainer, and can be cancelled', async () => {
    await test.ask('PUT', '/v1/tasks/tuned', { payload: {} });
    const { body: dataset } = await upload('tuned', jsonl(toyRows(60)));
    const register = async (train: object, more: object = {}) =>
      test.ask('POST', '/v1/teachers', {
        payload: { name: 'tuned', path: join(folder, 'models/encoder'), train, ...more },
      });
    const on = { dataset: dataset.id };
    const problems = async (train: object, more: object = {}) => {
      const { status, body } = await register(train, more);
      expect(status).toBe(400);
      return body.problems.map(({ path }: { path: string }) => path);
    };
    expect(await problems({})).toEqual(['/train/dataset']);
    expect(await problems({ ...on, epochs: 0, learningRate: 'fast', layers: 2 })).toEqual(
      expect.arrayContaining(['/train/epochs', '/train/learningRate', '/train/layers']),
    );
    expect(await problems(on, { head: on })).toEqual(['/train']);
    expect(await problems(on, { kind: 'onnx-classifier' })).toEqual(['/train']);
    expect(await problems(on, { task: 'data' })).toEqual(['/train/dataset']);
    const { body: unvalidated } = await upload('tuned', jsonl(toyRows(60).map((row) => ({ ...row, split: 'train' }))));
    expect(await problems({ dataset: unvalidated.id, patience: 2 })).toEqual(['/train/patience']);
    expect((await register({ dataset: 'ds_0' })).body.code).toBe('RT_NOT_FOUND');
    // The toy encoder has one layer.
    const deep = await register({ ...on, freezeLayers: 2 });
    expect(deep).toMatchObject({ status: 422, body: { code: 'RT_INVALID_TEACHER' } });
    expect(deep.body.detail).toContain('freezeLayers is 2');

    const { body: teacher } = await register({ ...on, epochs: 7 });
    expect(teacher).toMatchObject({ status: 'training', task: 'tuned', head: null, digest: null });
    expect(teacher.train).toMatchObject({ dataset: dataset.id, seed: 1, epochs: 7, layerDecay: 0.9, batchSize: 32 });
    expect(await test.context.queues.state('teacher', teacher.id)).toBe('waiting');

    const cancel = () => test.ask('POST', `/v1/teachers/${teacher.id}/cancel`);
    expect(await cancel()).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    expect(await cancel()).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    expect(await test.context.queues.state('teacher', teacher.id)).toBe('missing');
    expect((await test.ask('POST', '/v1/teachers/tch_0/cancel')).body.code).toBe('RT_NOT_FOUND');
    const events = await test.ask('GET', `/v1/teachers/${teacher.id}/events`);
    expect(events.text).toContain('"cancelled"');
  });
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
    expect((await submit({ task: 'data', dataset, teacher })).body.problems.length).toBeGreaterThan(1);
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
    expect(body.spec.student).toEqual({
      family: 'encoder',
      layers: 2,
      width: 128,
      heads: 4,
      intermediate: 512,
      maxLength: 128,
      dropout: 0.1,
      pooling: 'mean',
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

describe('models and aliases', () => {
  it('are listed, deployed and remembered', async () => {
    const [first, second] = [await seedModel(test.context, 'served'), await seedModel(test.context, 'served')];
    const page = await test.ask('GET', '/v1/tasks/served/models?limit=1');
    expect(page.body.items).toMatchObject([
      { id: second.id, version: 2, lineage: { codeVersion: '0.1.0' }, aliases: [] },
    ]);
    expect((await test.ask('GET', `/v1/tasks/served/models?cursor=${page.body.nextCursor}`)).body.items[0].id).toBe(
      first.id,
    );
    const put = async (payload: object, key = test.keys.submit) =>
      test.ask('PUT', '/v1/tasks/served/aliases/champion', { payload, key });
    expect((await put({ model: second.id, expectedModel: first.id })).body.code).toBe('RT_CONFLICT');
    expect((await put({ model: first.id, expectedModel: null })).body).toMatchObject({ model: first.id, version: 1 });
    expect((await put({ model: first.id })).status).toBe(200);
    expect((await put({ model: second.id, expectedModel: first.id }, test.keys.admin)).body.version).toBe(2);
    expect((await put({ model: 'mdl_0' })).body.code).toBe('RT_NOT_FOUND');
    const history = await test.ask('GET', '/v1/tasks/served/aliases/champion/history');
    expect(history.body.items).toMatchObject([
      { model: second.id, previousModel: first.id, changedBy: 'test-admin' },
      { model: first.id, previousModel: null, changedBy: 'test-submit' },
    ]);
    expect((await test.ask('GET', `/v1/models/${second.id}`)).body.aliases).toEqual(['champion']);
    expect((await test.ask('GET', '/v1/tasks/served/aliases')).body.items).toMatchObject([
      { alias: 'champion', version: 2 },
    ]);
    const other = await seedModel(test.context, 'elsewhere');
    expect((await put({ model: other.id })).body.code).toBe('RT_NOT_FOUND');
  });

  it('give their files, whole or in parts', async () => {
    const model = await seedModel(test.context, 'files');
    const get = (path: string, headers: Record<string, string> = {}) =>
      test.ask('GET', `/v1/models/${model.id}/files/${path}`, { headers });
    const whole = await get('config.json');
    expect(whole.headers['content-type']).toMatch('application/json');
    expect(whole.headers['content-length']).toBe(String(whole.text.length));
    expect((await get('config.json', { range: 'bytes=2-5' })).text).toBe(whole.text.slice(2, 6));
    expect((await get('config.json', { range: 'bytes=-4' })).text).toBe(whole.text.slice(-4));
    expect(await get('config.json', { range: 'bytes=99999-' })).toMatchObject({ status: 200, text: whole.text });
    expect((await get('config.json', { 'if-none-match': whole.headers.etag ?? '' })).status).toBe(304);
    expect((await get('onnx%2Fmodel.onnx')).headers['content-type']).toBe('application/octet-stream');
    for (const path of ['none.json', '..%2f..%2fetc%2fpasswd', '', '%00', 'onnx', 'a//b']) {
      expect((await get(path)).status, path).toBeGreaterThanOrEqual(400);
      expect((await get(path)).status, path).toBeLessThan(500);
    }
  });
});

describe('keys', () => {
  it('are made, listed and revoked by admins alone', async () => {
    expect((await test.ask('GET', '/v1/keys', { key: test.keys.submit })).body.code).toBe('RT_FORBIDDEN');
    const made = await test.ask('POST', '/v1/keys', { payload: { name: 'agent', scopes: ['infer'] } });
    expect(made.body.key).toMatch(/^rt_/);
    expect((await test.ask('GET', '/v1/tasks', { key: made.body.key })).body.code).toBe('RT_FORBIDDEN');
    expect(
      (await test.ask('POST', '/infer', { key: made.body.key, payload: { task: 'x', input: 'a' } })).body.code,
    ).toBe('RT_NOT_FOUND');
    const listed = await test.ask('GET', '/v1/keys');
    expect(listed.text).not.toContain(made.body.key);
    expect(listed.body.items.map(({ name }: { name: string }) => name)).toContain('agent');
    expect((await test.ask('DELETE', `/v1/keys/${made.body.id}`)).status).toBe(204);
    expect((await test.ask('DELETE', `/v1/keys/${made.body.id}`)).status).toBe(404);
    expect((await test.ask('POST', '/infer', { key: made.body.key, payload: {} })).body.code).toBe(
      'RT_UNAUTHENTICATED',
    );
  });
});
