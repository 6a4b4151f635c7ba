import { join } from 'node:path';
import type { Row, StudentMetrics } from '@retort/contracts';
import { distill, recommendSpec } from '@retort/distill';
import { type CellKey, configurationOf, type Figures } from './cells.ts';
import type { Configuration } from './configurations.ts';
import { readDataSet, withMoreText } from './data-sets.ts';
import { fewLabels } from './low-data.ts';
import { measureTeacher } from './measure-teacher.ts';
import { SoftLabelFiles } from './soft-label-files.ts';
import { teacherFolder } from './teachers.ts';
import { studentFolder, type Workspace } from './workspace.ts';

export interface MeasureOptions {
  workspace: Workspace;
  /** Threads of each kernel while the student is trained. */
  threads: number;
  limit?: number;
}

/** Trains and measures what one cell asks for, its teacher included where that is not there yet. */
export async function measureCell(
  cell: CellKey,
  { workspace, threads, limit }: MeasureOptions,
): Promise<{ figures: Figures; seconds: number }> {
  const configuration = configurationOf(cell);
  const { rows: all } = await readDataSet(cell.data, limit);
  const few = configuration.perClass === undefined ? undefined : { perClass: configuration.perClass, seed: cell.seed };
  const learned = few === undefined ? all : fewLabels(all, few);
  const teacherDir = await teacherFolder(workspace, cell, configuration, learned);
  const cache = new SoftLabelFiles(join(workspace.folder, 'soft-labels'));
  const begun = performance.now();
  const secondsSince = () => (performance.now() - begun) / 1000;
  if (configuration.spec === undefined) {
    const figures = await measureTeacher(teacherDir, all, cache);
    return { figures, seconds: secondsSince() };
  }
  const { further, moreText = [], labelledOnly } = configuration;
  const others = moreText.filter((source) => source !== cell.data);
  const rows = await withMoreText(few && labelledOnly ? fewLabels(all, { ...few, labelledOnly }) : learned, others);
  const dirs = [teacherDir];
  if (further) dirs.push(await teacherFolder(workspace, cell, { ...configuration, teacher: further }, learned));
  const { metrics } = await distill({
    rows,
    teachers: dirs.map((dir) => ({ dir })),
    spec: await specOf(configuration, cell.seed, { teacherDir, rows }),
    outDir: studentFolder(workspace, cell),
    cache,
    threads,
  });
  return { figures: figuresOf(metrics), seconds: secondsSince() };
}

/** What a user gets who writes the configuration's spec: with what is recommended where it says nothing. */
function specOf({ spec }: Configuration, seed: number, to: { teacherDir: string; rows: readonly Row[] }) {
  return recommendSpec({ ...spec, training: { ...spec?.training, seed } }, to);
}

function figuresOf({ student, teacher, validation, outOfScope, bestEpoch, float }: StudentMetrics): Figures {
  const { latencyMs: _, latency: __, ...figures } = student;
  return {
    ...figures,
    ...(outOfScope && { outOfScope: outOfScope.student }),
    ...(validation && { validation }),
    bestEpoch,
    teacherAccuracy: teacher.accuracy,
    ...(float && { float: { accuracy: float.accuracy, agreement: float.agreement, bytes: float.bytes } }),
  };
}
