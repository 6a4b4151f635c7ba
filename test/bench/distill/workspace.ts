import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { sharedPath } from '../../support/shared.ts';
import type { CellKey } from './cells.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MINILM = 'models/minilm-l6';

/** Where a benchmark keeps what it makes. */
export interface Workspace {
  /** Finished cells. */
  cells: string;
  latencies: string;
  /** Facts about the data sets. */
  data: string;
  /** Models and soft labels; ignored by git. */
  folder: string;
}

/**
 * The workspace of the results page, or, for a trial on few rows, one apart from it.
 *
 * @param limit most rows of each label and split
 */
export function workspaceOf(limit: number | undefined): Workspace {
  const folder = join(ROOT, '.bench', ...(limit === undefined ? [] : [`limit-${limit}`]));
  const results = limit === undefined ? join(ROOT, 'docs/results') : folder;
  return {
    cells: join(results, 'cells.jsonl'),
    latencies: join(results, 'latencies.jsonl'),
    data: join(results, 'data.json'),
    folder,
  };
}

/** The folder of a finished cell's student. */
export function studentFolder({ folder }: Workspace, { data, config, seed }: CellKey): string {
  return join(folder, 'students', data, config, String(seed));
}

/** all-MiniLM-L6-v2 as a folder, unpacked from the optional data beside the checkout when it is first needed. */
export async function minilmFolder(): Promise<string> {
  const folder = join(ROOT, '.bench/minilm');
  if (existsSync(folder)) return folder;
  const source = sharedPath(MINILM);
  if (source === undefined) throw new Error(`../shared/${MINILM} is absent: there is no encoder to make a teacher of.`);
  await mkdir(join(ROOT, '.bench'), { recursive: true });
  const staged = await mkdtemp(`${folder}-`);
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
    await writeFile(join(staged, file), await readFile(join(source, file)));
  }
  const model = await promisify(gunzip)(await readFile(join(source, 'model.onnx.gz')));
  await writeFile(join(staged, 'model.onnx'), model);
  // Another process may have been quicker: its folder is as good.
  await rename(staged, folder).catch((error: unknown) => {
    if (!existsSync(folder)) throw error;
  });
  return folder;
}
