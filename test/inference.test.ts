import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { setAlias } from '@retort/registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from './support/http-app.js';
import { watchLoop } from './support/loop-lag.js';
import { seedModel } from './support/seed-model.js';

let test: TestApp;
const champion = (task: string, modelId: string) =>
  setAlias(test.context.database, { taskName: task, alias: 'champion', modelId, changedBy: 'test' });
const infer = (payload: object) => test.ask('POST', '/infer', { payload, key: test.keys.infer });

beforeAll(async () => {
  test = await testApp();
});
afterAll(() => test.close());

describe('POST /infer', () => {
  it('answers one text or many with label, confidence, scores and version', async () => {
    const model = await seedModel(test.context, 'letters');
    expect((await infer({ task: 'letters', input: 'abc' })).body.code).toBe('RT_NO_MODEL');
    expect((await infer({ task: 'no-such-task', input: 'abc' })).body.code).toBe('RT_NOT_FOUND');
    await champion('letters', model.id);
    const one = await infer({ task: 'letters', input: 'abcabc', topK: 2 });
    expect(one.status).toBe(200);
    expect(one.body).toMatchObject({ label: 'low', model: { id: model.id, version: 1, alias: 'champion' } });
    expect(one.body.confidence).toBeGreaterThan(0.9);
    expect(one.body.scores).toHaveLength(2);
    expect(one.body.scores[0]).toEqual({ label: 'low', score: one.body.confidence });
    const many = await infer({ task: 'letters', inputs: ['zzz', 'aaa', 'mmm'], model: model.id });
    expect(many.body.outputs.map(({ label }: { label: string }) => label)).toEqual(['high', 'low', 'mid']);
    expect(many.body.model).toEqual({ id: model.id, version: 1, alias: null });
  });

  it('refuses what it cannot answer, saying why', async () => {
    const refused = async (payload: object) => (await infer({ task: 'letters', ...payload })).body.code;
    expect(await refused({})).toBe('RT_INVALID_FIELD');
    expect(await refused({ input: 'a', inputs: ['b'] })).toBe('RT_INVALID_FIELD');
    expect(await refused({ input: ' \u200b ' })).toBe('RT_INVALID_TEXT');
    expect(await refused({ input: 'x'.repeat(20_001) })).toBe('RT_INVALID_TEXT');
    expect(await refused({ inputs: Array(257).fill('a') })).toBe('RT_TOO_LARGE');
    expect(await refused({ input: 'a', model: 'mdl_0', alias: 'champion' })).toBe('RT_INVALID_FIELD');
    expect(await refused({ input: 'a', model: 'mdl_0' })).toBe('RT_NOT_FOUND');
    expect(await refused({ input: 'a', alias: 'challenger' })).toBe('RT_NO_MODEL');
    const other = await seedModel(test.context, 'other');
    expect(await refused({ input: 'a', model: other.id })).toBe('RT_NOT_FOUND');
  });

  it('joins concurrent requests into batches and answers each by itself', async () => {
    const words = Array.from({ length: 100 }, (_, i) => ['aaa', 'mmm', 'zzz'][i % 3]);
    const answers = await Promise.all(words.map((input) => infer({ task: 'letters', input })));
    expect(answers.map(({ body }) => body.label)).toEqual(
      words.map((word) => ({ a: 'low', m: 'mid', z: 'high' })[word[0]]),
    );
    const metrics = await test.context.metrics.registry.getSingleMetricAsString('retort_inference_batch_size');
    const read = (name: string) =>
      Number(new RegExp(`${name}\\{[^}]*task="letters"[^}]*\\} (\\d+)`).exec(metrics)?.[1]);
    expect(read('retort_inference_batch_size_sum')).toBeGreaterThan(100);
    expect(read('retort_inference_batch_size_count')).toBeLessThan(read('retort_inference_batch_size_sum') / 4);
  });

  it('follows its alias under load without dropping a request or blocking the event loop', async () => {
    const [first, second] = [await seedModel(test.context, 'busy'), await seedModel(test.context, 'busy')];
    await champion('busy', first.id);
    await infer({ task: 'busy', input: 'aaa' });
    const versions: number[] = [];
    const failures: unknown[] = [];
    let running = true;
    const client = async () => {
      while (running) {
        const { status, body } = await infer({ task: 'busy', input: 'aaa' });
        if (status === 200) versions.push(body.model.version);
        else failures.push(body);
        await sleep(2);
      }
    };
    const longestTurn = watchLoop();
    const clients = Promise.all([client(), client(), client(), client()]);
    await sleep(100);
    await champion('busy', second.id);
    const changed = performance.now();
    while (versions.at(-1) !== 2 && performance.now() - changed < 10_000) await sleep(10);
    await sleep(100);
    running = false;
    await clients;
    const longest = longestTurn();
    expect(failures).toEqual([]);
    expect(new Set(versions)).toEqual(new Set([1, 2]));
    expect(versions.indexOf(2)).toBeGreaterThan(0);
    expect(versions.slice(-10).every((version) => version === 2)).toBe(true);
    expect(longest).toBeLessThan(50);
  });

  it('goes on with the old version where the new one cannot be opened', async () => {
    const [good, broken] = [
      await seedModel(test.context, 'sturdy'),
      await seedModel(test.context, 'sturdy', { work: 1 }),
    ];
    const graph = broken.files.find(({ path }) => path.endsWith('.onnx'));
    await writeFile((await test.context.artifacts.path(graph?.digest ?? ''))!, 'rotten');
    await champion('sturdy', good.id);
    await infer({ task: 'sturdy', input: 'aaa' });
    await champion('sturdy', broken.id);
    await sleep(1200);
    const answer = await infer({ task: 'sturdy', input: 'aaa' });
    expect(answer.body).toMatchObject({ label: 'low', model: { id: good.id } });
  });
});
