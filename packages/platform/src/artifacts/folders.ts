import { createWriteStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ModelFile, RetortError } from '@retort/contracts';
import type { ArtifactStore } from './store.js';

/** Stores every regular file under `folder`, sorted by path. Links and special files are refused. */
export async function storeFolder(
  store: ArtifactStore,
  folder: string,
  options: { signal?: AbortSignal } = {},
): Promise<ModelFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: ModelFile[] = [];
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const absolute = join(entry.parentPath, entry.name);
    const path = relative(folder, absolute).split(sep).join('/');
    if (!entry.isFile()) throw new RetortError('RT_INVALID_FIELD', `${path} is not a regular file.`);
    files.push({ path, ...(await store.putFile(absolute, options)) });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * Writes stored files into `folder` (made if missing), checking every digest on the way.
 *
 * @throws RetortError `RT_INVALID_FIELD` for a path that would leave the folder.
 */
export async function materializeFolder(
  store: ArtifactStore,
  files: readonly ModelFile[],
  folder: string,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  for (const file of files) {
    const target = safeJoin(folder, file.path);
    await mkdir(dirname(target), { recursive: true });
    const signal = options.signal ? { signal: options.signal } : {};
    await pipeline(await store.read(file.digest, { verify: true }), createWriteStream(target), signal);
  }
}

/** Joins a relative path of forward slashes below `folder`; no part may be empty, `.`, `..` or hold a separator or NUL. */
export function safeJoin(folder: string, path: string): string {
  const parts = path.split('/');
  const unsafe = (part: string) => part === '' || part === '.' || part === '..' || /[\\:\0]/.test(part);
  if (isAbsolute(path) || parts.some(unsafe)) {
    throw new RetortError('RT_INVALID_FIELD', `${JSON.stringify(path)} is not a plain relative path.`);
  }
  return join(folder, ...parts);
}
