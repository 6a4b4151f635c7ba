import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { OutOfScopeFigures } from '@retort/contracts';
import { type Configuration, findConfiguration } from './configurations.ts';
import type { DataName } from './data-sets.ts';

/** Which cell of the tables. */
export interface CellKey {
  data: DataName;
  /** Name of a configuration. */
  config: string;
  seed: number;
}

/** What was measured on the test split, but for `validation`. Shares are 0..1. */
export interface Figures {
  accuracy: number;
  macroF1: number;
  calibrationError: number;
  /** Bytes of the files that answering needs. */
  bytes: number;
  parameters?: number;
  /** Matrix products for a text of median length. */
  flops?: number;
  outOfScope?: OutOfScopeFigures;
  /** Of students. */
  agreement?: number;
  klToTeacher?: number;
  uncalibratedKl?: number;
  uncalibratedError?: number;
  /** By what hyper-parameters may be chosen. */
  validation?: { metric: 'accuracy' | 'agreement'; value: number };
  bestEpoch?: number;
  teacherAccuracy?: number;
  /** Of the same student before int8, where it answers in int8. */
  float?: { accuracy: number; agreement: number; bytes: number };
}

/** A finished cell: one line of the results file. */
export interface Cell extends CellKey {
  figures: Figures;
  /** Wall seconds, the teacher's training not included. */
  seconds: number;
  /** Of the code that ran it; with `+` where that had changes that were not committed. */
  commit: string;
  /** The configuration as it was: a cell of another one does not count. */
  configuration: Configured;
}

/** What decides a cell's figures besides data, seed and code. */
export type Configured = Pick<Configuration, 'teacher' | 'further' | 'spec' | 'perClass' | 'labelledOnly' | 'moreText'>;

export function configuredOf(configuration: Configuration): Configured {
  const { teacher, further, spec, perClass, labelledOnly, moreText } = configuration;
  // As JSON has it: without what is undefined.
  return JSON.parse(JSON.stringify({ teacher, further, spec, perClass, labelledOnly, moreText }));
}

export const nameOfCell = ({ data, config, seed }: CellKey) => `${data} ${config} seed ${seed}`;

/**
 * The finished cells of a results file; none where there is no file. Of two lines for one cell the later counts. A last line without its
 * end is of a run that was killed while writing it, and is left out.
 *
 * @throws Error naming a line that is no cell
 */
export function readCells(path: string): Cell[] {
  const cells = new Map<string, Cell>();
  for (const cell of readLines(path, isCell)) cells.set(nameOfCell(cell), cell);
  return [...cells.values()];
}

function isCell(value: unknown): value is Cell {
  const { data, config, seed, figures } = (value ?? {}) as Partial<Cell>;
  return (
    typeof data === 'string' && typeof config === 'string' && Number.isInteger(seed) && typeof figures === 'object'
  );
}

/** The values of a JSONL file, each line of which `is` a T. */
export function readLines<T>(path: string, is: (value: unknown) => value is T): T[] {
  if (!existsSync(path)) return [];
  const content = readFileSync(path, 'utf8');
  const lines = content.slice(0, content.lastIndexOf('\n') + 1).split('\n');
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return [];
    const value = parse(line);
    if (is(value)) return [value];
    throw new Error(`${path}, line ${i + 1} is none of the benchmark's: ${line.slice(0, 80)}`);
  });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Adds one line to a JSONL file, in the place of one that was left without its end. */
export function appendLine(path: string, value: object): void {
  mkdirSync(dirname(path), { recursive: true });
  if (existsSync(path)) {
    const content = readFileSync(path);
    const end = content.lastIndexOf('\n') + 1;
    if (end < content.length) truncateSync(path, end);
  }
  appendFileSync(path, `${JSON.stringify(value)}\n`);
}

/** The finished cells whose configuration is still what it was when they ran. */
export function currentCells(cells: readonly Cell[], configurations: readonly Configuration[]): Cell[] {
  const wanted = new Map(configurations.map((configuration) => [configuration.name, configuredOf(configuration)]));
  return cells.filter(({ config, configuration }) => {
    const now = wanted.get(config);
    return now !== undefined && isDeepStrictEqual(now, configuration);
  });
}

/** @throws Error for a key of no configuration */
export function configurationOf({ config }: CellKey): Configuration {
  return findConfiguration(config);
}
