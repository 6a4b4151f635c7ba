import { cp, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from './support/http-app.js';
import { JSONL, jsonl } from './support/jsonl.js';
import { seedModel } from './support/seed-model.js';
import { TOY_LABELS, toyRows, writeToyTeacher } from './support/toy-teacher.js';

let test: TestApp;
let folder: string;
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
