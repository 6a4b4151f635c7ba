import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MANIFEST_FILE, publishFolder, stageFolder } from './package-student.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'retort-test-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function publish(out: string, content: string): Promise<void> {
  const staged = await stageFolder(out);
  await writeFile(join(staged, MANIFEST_FILE), content);
  await publishFolder(staged, out);
}

describe('a model folder', () => {
  it('appears whole, in new places and empty ones, and replaces an earlier student', async () => {
    await mkdir(join(root, 'empty'));
    for (const out of ['deep/new', 'empty']) await publish(join(root, out), '1');
    await publish(join(root, 'empty'), '2');
    expect(await readFile(join(root, 'empty', MANIFEST_FILE), 'utf8')).toBe('2');
    expect((await readdir(root)).sort()).toEqual(['deep', 'empty']);
  });

  it('never replaces what is no student', async () => {
    await writeFile(join(root, 'thesis.txt'), 'years of work');
    await expect(stageFolder(root)).rejects.toMatchObject({ code: 'RT_CONFLICT' });
    await expect(stageFolder(join(root, 'thesis.txt'))).rejects.toMatchObject({ code: 'RT_CONFLICT' });
  });
});
