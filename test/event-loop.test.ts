import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { setAlias } from '@retort/registry';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { forkService, type ServiceProcess } from './support/fork-service.ts';
import { type TestApp, testApp } from './support/http-app.ts';
import { seedModel } from './support/seed-model.ts';
import { inStage, occurrence, registerToyTask, registerToyTeacher, submitToy } from './support/toy-platform.ts';
import { toyRows } from './support/toy-teacher.ts';

const LIMIT_MS = 50;
/** Of the histogram: it counts the time between two ticks of this length, so an idle loop shows about this much. */
const RESOLUTION_MS = 5;
const WINDOWS = 4;
const WINDOW_MS = 1500;

let test: TestApp;
const workers: ServiceProcess[] = [];

beforeAll(async () => {
  test = await testApp('postgres', { LABEL_SHARD_ROWS: '200', LABEL_THREADS: '2', TRAIN_THREADS: '2' });
  workers.push(...(await Promise.all(['labeler', 'trainer'].map((name) => forkService(name, test.context.env)))));
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await test?.close();
});

it(`keeps the loop of API and inference below ${LIMIT_MS} ms while another process labels and trains`, async () => {
  const { context } = test;
  await registerToyTask(context, toyRows(1000));
  const models = [await seedModel(context, 'served'), await seedModel(context, 'served', { work: 1 })];
  const deploy = (round: number) => {
    const modelId = models[round % models.length]!.id;
    return setAlias(context.database, { taskName: 'served', alias: 'champion', modelId, changedBy: 'test' });
  };
  const infer = () =>
    test.ask('POST', '/infer', { payload: { task: 'served', input: 'abcabc' }, key: test.keys.infer });
  const status = (id: string) => test.ask('GET', `/v1/distillations/${id}`);
  for (let round = 0; round < 4; round++) {
    await deploy(round); // Everything has been loaded and compiled once.
    expect((await infer()).body.label).toBe('low');
  }

  const id = await submitToy(context, await registerToyTeacher(context, { work: 8 }), 1000);
  await occurrence(context, id, inStage('training'));
  const worst: number[] = [];
  for (let round = 0; round < WINDOWS; round++) {
    const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    histogram.enable();
    const until = Date.now() + WINDOW_MS;
    await deploy(round);
    for (let turn = 0; Date.now() < until; turn++) {
      expect((await infer()).status).toBe(200);
      if (turn % 10 === 0) expect((await status(id)).body.status).toBe('running');
      await sleep(10);
    }
    worst.push(maximumMs(histogram));
  }
  // Work that blocks the loop does so in every window; one in which the machine was busy elsewhere proves nothing.
  expect(Math.min(...worst), `worst delays by window: ${worst.map((ms) => ms.toFixed(1)).join(', ')} ms`).toBeLessThan(
    LIMIT_MS,
  );
  expect((await test.ask('POST', `/v1/distillations/${id}/cancel`)).status).toBeLessThan(300);
});

function maximumMs(histogram: IntervalHistogram): number {
  histogram.disable();
  return histogram.max / 1e6;
}
