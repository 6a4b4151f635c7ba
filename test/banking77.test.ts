import { openAsBlob } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createRetortClient, unwrap } from '@retort/client';
import { createLabeler } from '@retort/labeler';
import type { Service } from '@retort/platform';
import { createTrainer } from '@retort/trainer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from './support/http-app.ts';
import { sharedPath } from './support/shared.ts';

const data = sharedPath('data/banking77/data.jsonl');
const minilm = sharedPath('models/minilm-l6');
const missing = data === undefined || minilm === undefined;
const reason = missing ? ' (skipped: ../shared is absent)' : '';

/** Labels and rows taken of the data, so that the suite stays quick. */
const INTENTS = 8;
const TRAIN_PER_INTENT = 40;
const TEST_PER_INTENT = 15;

interface Line {
  text: string;
  label: string;
  split: string;
}

/** The first intents by name, and of each the first rows of either split. */
async function subset(path: string): Promise<Line[]> {
  const lines = (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const intents = new Set([...new Set(lines.map(({ label }) => label))].sort().slice(0, INTENTS));
  const taken = new Map<string, number>();
  return lines.filter(({ label, split }) => {
    if (!intents.has(label)) return false;
    const key = `${label} ${split}`;
    taken.set(key, (taken.get(key) ?? 0) + 1);
    return (taken.get(key) ?? 0) <= (split === 'train' ? TRAIN_PER_INTENT : TEST_PER_INTENT);
  });
}

describe.skipIf(missing)(`banking77 with a MiniLM teacher, over HTTP${reason}`, () => {
  let folder: string;
  let test: TestApp;
  let workers: Service[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'retort-banking77-'));
    await mkdir(join(folder, 'onnx'));
    await writeFile(
      join(folder, 'onnx/model.onnx'),
      gunzipSync(await readFile(join(minilm as string, 'model.onnx.gz'))),
    );
    test = await testApp('postgres', { LABEL_THREADS: '2', TRAIN_THREADS: '2', JOB_LOCK_MS: '5000' });
    workers = [await createLabeler(test.context), await createTrainer(test.context)];
  });
  afterAll(async () => {
    await Promise.all((workers ?? []).map((worker) => worker.close()));
    await test?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('goes from the uploaded data to answers of a student near its teacher', { timeout: 180_000 }, async () => {
    const baseUrl = await test.app.listen({ port: 0, host: '127.0.0.1' });
    const retort = createRetortClient({ baseUrl, apiKey: test.keys.submit });
    const path = { task: 'banking' };
    unwrap(await retort.PUT('/v1/tasks/{task}', { params: { path }, body: {} }));
    const lines = await subset(data as string);
    const dataset = await retort.uploadDataset('banking', lines.map((line) => JSON.stringify(line)).join('\n'), {
      format: 'jsonl',
    });
    expect(Object.keys(dataset.counts.labels).length).toBe(INTENTS);

    const files = await Promise.all(
      ['onnx/model.onnx', 'tokenizer.json', 'tokenizer_config.json'].map(async (name) => ({
        path: name,
        content: await openAsBlob(name === 'onnx/model.onnx' ? join(folder, name) : join(minilm as string, name)),
      })),
    );
    const { id } = await retort.uploadTeacher(
      { name: 'minilm', task: 'banking', head: { dataset: dataset.id } },
      files,
    );
    const teacher = await retort.waitForTeacher(id);
    expect(teacher.error).toBeNull();

    const submitted = unwrap(
      await retort.POST('/v1/distillations', { body: { task: 'banking', dataset: dataset.id, teacher: id } }),
    );
    const job = await retort.waitForDistillation(submitted.id);
    expect(job.error).toBeNull();
    const { metrics } = job;
    expect(metrics?.teacher.accuracy).toBeGreaterThan(0.9);
    expect((metrics?.student.accuracy ?? 0) / (metrics?.teacher.accuracy ?? 1)).toBeGreaterThan(0.9);

    const alias = { params: { path: { ...path, alias: 'champion' } }, body: { model: job.model as string } };
    unwrap(await retort.PUT('/v1/tasks/{task}/aliases/{alias}', alias));
    const held = lines.filter(({ split }) => split === 'test');
    const { outputs } = await retort.inferAll(
      'banking',
      held.map(({ text }) => text),
    );
    const right = outputs.filter(({ label }, i) => label === held[i].label).length;
    expect(right / held.length).toBeCloseTo(metrics?.student.accuracy ?? 0, 2);
  });
});
