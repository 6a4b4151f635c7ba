import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { type ErrorCode, RetortError, type Row } from '@retort/contracts';
import { InvalidArgumentError } from 'commander';

/** Rejected rows shown in full; the rest are counted. */
const SHOWN_REJECTS = 5;

/** The rows of a JSONL or CSV file; rows that cannot be used are told on stderr. @throws RetortError `RT_INVALID_DATASET` */
export async function readExamples(path: string): Promise<Row[]> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) throw new RetortError('RT_INVALID_DATASET', `There is no file ${path}.`);
  const { readRows } = await import('@retort/text');
  const rows: Row[] = [];
  const rejected: string[] = [];
  const format = extname(path).toLowerCase() === '.csv' ? 'csv' : 'jsonl';
  for await (const read of readRows(createReadStream(path), { format })) {
    if ('row' in read) rows.push(read.row);
    else rejected.push(`  line ${read.line}: ${read.reason}`);
  }
  if (rejected.length > 0) {
    const more = rejected.length > SHOWN_REJECTS ? `  and ${rejected.length - SHOWN_REJECTS} more\n` : '';
    process.stderr.write(`${rejected.length} rows left out:\n${rejected.slice(0, SHOWN_REJECTS).join('\n')}\n${more}`);
  }
  if (rows.length === 0) throw new RetortError('RT_INVALID_DATASET', `${path} has no usable row.`);
  return rows;
}

/** What a JSON file says. @throws RetortError `code` */
export async function readSpecFile(path: string, code: ErrorCode): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new RetortError(code, `The spec ${path} cannot be read: ${cause.message}.`, { cause });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RetortError(code, `The spec ${path} is not JSON: ${(cause as Error).message}.`, { cause });
  }
}

export function positiveInteger(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return number;
}
