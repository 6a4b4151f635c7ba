import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ModelFile } from '@retort/contracts';

/** All files below a folder with their digests, sorted by path. */
export async function listModelFiles(dir: string): Promise<ModelFile[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(paths.map((path) => describeFile(dir, path)));
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function describeFile(dir: string, path: string): Promise<ModelFile> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const { size } = await stat(path);
  return { path: relative(dir, path).split(sep).join('/'), digest: hash.digest('hex'), bytes: size };
}
