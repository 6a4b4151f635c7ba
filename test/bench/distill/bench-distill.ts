import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runJson } from '../train/run-json.ts';
import {
  appendLine,
  type Cell,
  type CellKey,
  configurationOf,
  configuredOf,
  type Figures,
  nameOfCell,
  readCells,
} from './cells.ts';
import { CONFIGURATIONS } from './configurations.ts';
import { saveDataFacts } from './data-facts.ts';
import { whyNoData } from './data-sets.ts';
import { type CellFilter, missingCells } from './plan.ts';
import { runSchedule } from './schedule.ts';
import { hasTeacher, teacherName } from './teachers.ts';
import { workspaceOf } from './workspace.ts';

const SCRIPT = fileURLToPath(new URL('./run-cell.ts', import.meta.url));

export interface BenchDistillOptions extends CellFilter {
  /** After so many no further cell starts; those that run are finished. */
  minutes: number;
  /** Cells at a time, each in a process of its own. */
  jobs: number;
  /** Threads of a cell. */
  threads: number;
  /** Most rows of each label and split, for a trial whose figures are kept apart. */
  limit?: number;
  onProgress: (line: string) => void;
}

/** Cells that are still to be run, and those of them that cannot be here, with the reason. */
export function openCells({ limit, ...filter }: CellFilter & { limit?: number }) {
  const missing: CellKey[] = [];
  const skipped = new Set<string>();
  for (const cell of missingCells(CONFIGURATIONS, readCells(workspaceOf(limit).cells), filter)) {
    const { moreText = [] } = configurationOf(cell);
    const reasons = [cell.data, ...moreText].map(whyNoData).filter((reason) => reason !== undefined);
    if (reasons.length === 0) missing.push(cell);
    for (const reason of reasons) skipped.add(`${cell.data}: ${reason}`);
  }
  return { missing, skipped: [...skipped] };
}

/**
 * Runs the cells that are missing, the most telling first, and keeps each as soon as it has ended.
 *
 * @returns how many failed
 */
export async function benchDistill(options: BenchDistillOptions): Promise<number> {
  const { minutes, jobs, threads, limit, onProgress } = options;
  const workspace = workspaceOf(limit);
  const { missing, skipped } = openCells(options);
  for (const reason of skipped) onProgress(`skipped ${reason}`);
  await saveDataFacts(workspace, [...new Set(missing.map(({ data }) => data))]);
  const end = performance.now() + 60_000 * minutes;
  const commit = commitOfCode();
  let done = 0;
  const failed = await runSchedule({
    tasks: missing,
    jobs,
    isOver: () => performance.now() >= end,
    makes: (cell) => {
      const name = teacherName(cell, configurationOf(cell));
      return hasTeacher(workspace, name) ? undefined : name;
    },
    run: async (cell) => {
      const measured = await runCell(cell, { threads, limit });
      const finished: Cell = { ...cell, ...measured, commit, configuration: configuredOf(configurationOf(cell)) };
      appendLine(workspace.cells, finished);
      done++;
      onProgress(`${done}/${missing.length}  ${nameOfCell(cell)}: ${summaryOf(measured)}`);
    },
  });
  for (const { task, error } of failed) onProgress(`failed ${nameOfCell(task)}: ${(error as Error).message}`);
  return failed.length;
}

function runCell(cell: CellKey, options: object): Promise<{ figures: Figures; seconds: number }> {
  const args = ['--import', 'tsx', SCRIPT, JSON.stringify(cell), JSON.stringify(options)];
  return runJson(process.execPath, args, process.env);
}

function summaryOf({ figures, seconds }: { figures: Figures; seconds: number }): string {
  const { accuracy, agreement } = figures;
  const agreed = agreement === undefined ? '' : `, ${percent(agreement)} as the teacher`;
  return `${percent(accuracy)} right${agreed}, ${seconds.toFixed(0)} s`;
}

const percent = (share: number) => `${(100 * share).toFixed(2)}%`;

/** The commit whose code runs, with `+` where that has changes. */
export function commitOfCode(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', 'packages', 'test/bench') !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${changed ? '+' : ''}`;
  } catch {
    // A checkout without git.
    return 'unknown';
  }
}
