import { opendir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { RetortError } from '@retort/contracts';

/**
 * The real path of a folder that a request names, if it lies below one of MODEL_ROOTS.
 *
 * What exists outside of them must not be told from what does not, so both get the same answer.
 *
 * @throws RetortError `RT_INVALID_FIELD` for anything else
 */
export async function resolveModelFolder(path: string, modelRoots: readonly string[]): Promise<string> {
  const refused = new RetortError(
    'RT_INVALID_FIELD',
    modelRoots.length === 0
      ? 'This server has no MODEL_ROOTS, so teachers can only be uploaded.'
      : 'path is not a folder below one of the MODEL_ROOTS of this server.',
    { problems: [{ path: '/path', message: 'must be a folder below one of the MODEL_ROOTS' }] },
  );
  if (path.includes('\0')) throw refused;
  const folder = await realpath(path).catch(() => undefined);
  if (folder === undefined || !(await isBelow(folder, modelRoots))) throw refused;
  if (!(await stat(folder)).isDirectory()) throw refused;
  return folder;
}

/** More files than any model has: the folder is not one. */
const MAX_ENTRIES = 10_000;

/**
 * Checks that no link in a folder leads out of MODEL_ROOTS. (Model hubs' caches are full of links, which are fine within
 * them.)
 *
 * @throws RetortError `RT_INVALID_TEACHER` naming the file
 */
export async function refuseEscapingLinks(folder: string, modelRoots: readonly string[]): Promise<void> {
  let entries = 0;
  for await (const entry of await opendir(folder, { recursive: true })) {
    if (++entries > MAX_ENTRIES)
      throw new RetortError(
        'RT_INVALID_TEACHER',
        `The folder has over ${MAX_ENTRIES} files: name the one of the model.`,
      );
    if (!entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const target = await realpath(path).catch(() => undefined);
    if (target === undefined || !(await isBelow(target, modelRoots))) {
      throw new RetortError(
        'RT_INVALID_TEACHER',
        `${relative(folder, path)} is a link to a place outside of MODEL_ROOTS.`,
      );
    }
  }
}

async function isBelow(path: string, modelRoots: readonly string[]): Promise<boolean> {
  for (const root of modelRoots) {
    const real = await realpath(root).catch(() => undefined);
    if (real !== undefined && (path === real || path.startsWith(real.endsWith(sep) ? real : `${real}${sep}`)))
      return true;
  }
  return false;
}
