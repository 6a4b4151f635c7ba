import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { UploadFolders } from './upload-folders.js';

it('removes what a process that died left behind, and nothing that may be in use', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'retort-uploads-'));
  try {
    const folders = new UploadFolders(dataDir);
    expect(await folders.removeStale()).toBe(0); // Nothing was ever uploaded here.
    await folders.use(async () => {
      const tmp = join(dataDir, 'tmp');
      const [fresh] = await readdir(tmp);
      for (const name of ['teacher-old', 'other']) {
        await mkdir(join(tmp, name, 'onnx'), { recursive: true });
        await writeFile(join(tmp, name, 'onnx', 'model.onnx'), 'x');
        const before = new Date(Date.now() - 2 * 86_400_000);
        await utimes(join(tmp, name), before, before);
      }
      expect(await folders.removeStale()).toBe(1);
      expect((await readdir(tmp)).sort()).toEqual(['other', fresh]);
    });
    expect(await readdir(join(dataDir, 'tmp'))).toEqual(['other']);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});
