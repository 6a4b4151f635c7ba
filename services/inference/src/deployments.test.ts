import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Context, FolderArtifactStore, type ReadOptions } from '@retort/platform';
import { type ModelVersion, setAlias } from '@retort/registry';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { seedModel } from '../../../test/support/seed-model.ts';
import { testContext } from '../../../test/support/servers.ts';
import { Deployments } from './deployments.js';
import { createInferenceMetrics } from './metrics.js';
import { Students } from './students.js';

/** A promise, and what resolves it. */
function signal(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** A store in which reading one file waits, as on a disk that is slow, until it is let go on. */
class SlowStore extends FolderArtifactStore {
  #slow: string | undefined;
  #reached = signal();
  #released = signal();

  /** Makes the graph of `model` slow to read. @returns when it is being read, and how to let that go on */
  slow(model: ModelVersion): { reached: Promise<void>; release: () => void } {
    this.#slow = model.files.find(({ path }) => path.endsWith('.onnx'))?.digest;
    this.#reached = signal();
    this.#released = signal();
    return { reached: this.#reached.promise, release: this.#released.resolve };
  }

  override async read(digest: string, options?: ReadOptions): Promise<Readable> {
    if (digest === this.#slow) {
      this.#reached.resolve();
      await this.#released.promise;
    }
    return super.read(digest, options);
  }
}

let context: Context;
let store: SlowStore;
let students: Students;
let deployments: Deployments;

beforeAll(async () => {
  context = await testContext();
  store = new SlowStore(fileURLToPath(context.config.artifactsUrl));
});
afterAll(() => context.close());
beforeEach(() => {
  const slow = { ...context, artifacts: store };
  const metrics = createInferenceMetrics(new Registry(), () => students.open.length);
  students = new Students(slow, metrics);
  deployments = new Deployments(slow, students);
});
afterEach(async () => {
  deployments.close();
  await students.close();
});

const champion = (taskName: string, { id: modelId }: ModelVersion) =>
  setAlias(context.database, { taskName, alias: 'champion', modelId, changedBy: 'test' });
const serving = async (task: string) => (await deployments.resolve(task, 'champion')).id;

it('keeps the version that an alias was taken back to while another one was being opened', async () => {
  const [first, second] = [await seedModel(context, 'back'), await seedModel(context, 'back', { work: 1 })];
  await champion('back', first);
  expect(await serving('back')).toBe(first.id);
  const { reached, release } = store.slow(second);
  await champion('back', second);
  await reached;
  await champion('back', first);
  release();
  // Asked all the while, until the second one was opened and closed again.
  for (const end = Date.now() + 10_000; students.open.includes(second.id) && Date.now() < end; await sleep(2)) {
    expect(await serving('back')).toBe(first.id);
  }
  expect(students.open).toEqual([first.id]);
  expect(await serving('back')).toBe(first.id);
});

it('answers with where the alias points when it moved while the first request waited', async () => {
  const [first, second] = [await seedModel(context, 'moved', { work: 2 }), await seedModel(context, 'moved')];
  const { reached, release } = store.slow(first);
  await champion('moved', first);
  const asked = serving('moved');
  await reached;
  await champion('moved', second);
  release();
  expect(await asked).toBe(second.id);
});

it('deploys other tasks while one model is slow to open', async () => {
  const slow = await seedModel(context, 'slow', { work: 3 });
  const tasks = ['quick-1', 'quick-2'];
  const next: ModelVersion[] = [];
  for (const task of tasks) {
    await champion(task, await seedModel(context, task));
    await serving(task);
    next.push(await seedModel(context, task, { work: 1 }));
  }
  const { reached, release } = store.slow(slow);
  await champion('slow', slow);
  await reached;
  try {
    for (const [i, task] of tasks.entries()) await champion(task, next[i]!);
    for (const [i, task] of tasks.entries()) {
      for (const end = Date.now() + 5000; (await serving(task)) !== next[i]!.id && Date.now() < end; ) await sleep(20);
      expect(await serving(task)).toBe(next[i]!.id);
    }
  } finally {
    release();
  }
});
