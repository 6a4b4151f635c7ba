import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Row } from '@retort/contracts';
import { fineTune, trainTeacherHead } from '@retort/teachers';
import type { CellKey } from './cells.ts';
import type { Configuration } from './configurations.ts';
import { inScope } from './data-sets.ts';
import { minilmFolder, type Workspace } from './workspace.ts';

/** Of teachers, whatever the students have: that decides their bytes. */
const THREADS = 2;
/** Of teachers for all labels: every student of a data set has the same. */
const SEED = 1;

/**
 * The folder's name of the teacher that a cell needs: the data set's, and for few labels their number and the seed that drew them. The
 * fine-tuned teacher of a data set can be made beforehand with `retort teacher train --threads 2 --seed 1 --report <name>.json`.
 */
export function teacherName({ data, seed }: CellKey, { teacher, perClass }: Configuration): string {
  const few = perClass === undefined ? '' : `-${perClass}-labels-seed-${seed}`;
  return `${data}${teacher === 'head' ? '-head' : ''}${few}`;
}

function placesOf({ folder }: Workspace, name: string) {
  const dir = join(folder, 'teachers', name);
  return { dir, report: `${dir}.json` };
}

/** Whether a teacher is there. Its report is written last. */
export function hasTeacher(workspace: Workspace, name: string): boolean {
  const { dir, report } = placesOf(workspace, name);
  return existsSync(join(dir, 'config.json')) && existsSync(report);
}

/**
 * The folder of the teacher of a cell, which is trained first where there is none.
 *
 * @param rows those that the cell's students learn from, all their labels included
 */
export async function teacherFolder(
  workspace: Workspace,
  cell: CellKey,
  configuration: Configuration,
  rows: readonly Row[],
): Promise<string> {
  const name = teacherName(cell, configuration);
  const { dir, report } = placesOf(workspace, name);
  if (hasTeacher(workspace, name)) return dir;
  await mkdir(dirname(dir), { recursive: true });
  const outDir = await mkdtemp(`${dir}-unfinished-`);
  const encoderDir = await minilmFolder();
  const seed = configuration.perClass === undefined ? SEED : cell.seed;
  const options = { encoderDir, outDir, rows: inScope(rows), seed, threads: THREADS };
  const { metrics } = configuration.teacher === 'head' ? await trainTeacherHead(options) : await fineTune(options);
  await rename(outDir, dir);
  await writeFile(report, `${JSON.stringify({ ...metrics, seed, threads: THREADS }, null, 2)}\n`);
  return dir;
}
