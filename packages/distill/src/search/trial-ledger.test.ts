import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrialResult } from '@retort/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TrialLedger } from './trial-ledger.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-ledger-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const result = (index: number): TrialResult => ({ index, rung: 0, seconds: 1, error: 'diverged' });

it('gives back what was written, to the same search only', async () => {
  const path = join(folder, 'deep/trials');
  const ledger = new TrialLedger(path, { spec: 1 });
  expect(await ledger.read()).toEqual([]);
  await ledger.write([result(0)]);
  await ledger.write([result(0), result(1)]);
  expect(await new TrialLedger(path, { spec: 1 }).read()).toEqual([result(0), result(1)]);
  const other = new TrialLedger(path, { spec: 2 });
  await expect(other.read()).rejects.toMatchObject({ code: 'RT_INVALID_CHECKPOINT' });
  expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(4);
});

it('refuses what is damaged or no ledger', async () => {
  const path = join(folder, 'damaged');
  const ledger = new TrialLedger(path, {});
  await ledger.write([result(0)]);
  await appendFile(path, '{"index"');
  await expect(ledger.read()).rejects.toThrow(/is damaged/);
  await writeFile(path, 'a letter to a friend\n');
  await expect(ledger.read()).rejects.toThrow(/not of this search/);
});
