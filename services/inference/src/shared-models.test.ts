import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeToyTeacher } from '../../../test/support/toy-teacher.ts';
import { SharedModels } from './shared-models.js';

let root: string;
let folder: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'retort-shared-'));
  folder = join(root, 'model');
  await writeToyTeacher(folder);
});
afterAll(() => rm(root, { recursive: true }));

const models = () => new SharedModels({ placement: 'inline' });

it('opens a folder once, and closes it with its last holder', async () => {
  const shared = models();
  const [first, second] = await Promise.all([shared.open(folder), shared.open(folder)]);
  await first.close();
  await first.close();
  expect(shared.folders).toEqual([folder]);
  expect((await second.run(['abc'], 'logits')).dims).toEqual([1, 3]);
  await second.close();
  expect(shared.folders).toEqual([]);
  await expect(second.run(['abc'], 'logits')).rejects.toMatchObject({ code: 'RT_UNAVAILABLE' });
  const third = await shared.open(folder);
  expect((await third.run(['abc'], 'logits')).dims).toEqual([1, 3]);
  await third.close();
});

it('tries again what could not be opened', async () => {
  const shared = models();
  const away = join(root, 'away');
  await rename(folder, away);
  const failed = await Promise.allSettled([shared.open(folder), shared.open(folder)]);
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(shared.folders).toEqual([]);
  await rename(away, folder);
  await (await shared.open(folder)).close();
});
