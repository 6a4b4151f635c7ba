import { mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RetortError } from '@retort/contracts';
import { type Model, writeModel } from '@retort/onnx';
import { QUANTIZED_PATH } from '@retort/text';

/** The file that marks a folder as a student of Retort. */
export const MANIFEST_FILE = 'retort.json';

/**
 * Starts a model folder beside its final place, so that nobody ever sees half of one.
 *
 * @throws RetortError `RT_CONFLICT` when `outDir` holds something that is not an earlier student
 */
export async function stageFolder(outDir: string): Promise<string> {
  const target = resolve(outDir);
  const present = await readdir(target).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw new RetortError('RT_CONFLICT', `The output folder ${target} cannot be used: ${error.message}.`, {
      cause: error,
    });
  });
  if (present.length > 0 && !present.includes(MANIFEST_FILE)) {
    throw new RetortError('RT_CONFLICT', `The output folder ${target} is not empty: name another, or empty it.`);
  }
  await mkdir(dirname(target), { recursive: true });
  return mkdtemp(join(dirname(target), `.${basename(target)}-`));
}

/** Puts a staged folder in its final place, replacing an earlier student. */
export async function publishFolder(staged: string, outDir: string): Promise<void> {
  const target = resolve(outDir);
  const old = `${staged}-replaced`;
  try {
    await rmdir(target);
  } catch {
    // Not there, or an earlier student: moved aside first, so that a failing rename loses nothing.
    await rename(target, old).catch(ignoreMissing);
  }
  await rename(staged, target);
  await rm(old, { recursive: true, force: true });
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** Writes the graph, its int8 form where there is one, and the JSON files of a student into `dir`. */
export async function writeModelFolder(
  dir: string,
  model: Model,
  files: Record<string, object>,
  quantized?: Model,
): Promise<void> {
  await mkdir(join(dir, 'onnx'), { recursive: true });
  await writeFile(join(dir, 'onnx/model.onnx'), writeModel(model));
  if (quantized) await writeFile(join(dir, QUANTIZED_PATH), writeModel(quantized));
  for (const [path, content] of Object.entries(files)) await writeJson(join(dir, path), content);
}

export async function writeJson(path: string, content: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(content, null, 2)}\n`);
}
