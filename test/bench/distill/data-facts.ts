import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type DataFacts, type DataName, readDataSet } from './data-sets.ts';
import type { Workspace } from './workspace.ts';

export type DataSheet = Partial<Record<DataName, DataFacts>>;

/** Facts by data set, as they were saved; none where there is no file. */
export function readDataFacts(path: string): DataSheet {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as DataSheet) : {};
}

/** Keeps the facts of data sets for the results page, which is made without the data. */
export async function saveDataFacts({ data: path }: Workspace, names: readonly DataName[]): Promise<void> {
  const sheet = readDataFacts(path);
  for (const name of names) sheet[name] = (await readDataSet(name)).facts;
  if (names.length === 0) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(sheet, null, 2)}\n`);
}
