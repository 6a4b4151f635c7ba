import type { FieldProblem, MultiTaskSpec } from '@retort/contracts';
import { compressionDataProblems } from '../compression/index.js';
import { type DatasetShape, inScope } from '../dataset/dataset-shape.js';
import { CARVED_SHARE } from '../dataset/split-rows.js';
import { datasetProblems } from '../fit/dataset-problems.js';
import { rowsOf } from '../transfer-set/estimate.js';
import { softLabelsProblem } from './join-tasks.js';
import { sampleCounts } from './sample-rows.js';

/** As {@link datasetProblems}, for one of several tasks. No label is out of scope: every row is of its task. */
export function taskProblems(
  shape: DatasetShape,
  teacherLabels: readonly string[],
  { loss }: Pick<MultiTaskSpec, 'loss'>,
): FieldProblem[] {
  return datasetProblems(shape, teacherLabels, { loss, outOfScope: '' });
}

/**
 * Whether the tasks together need too much memory, told from counts before a row is read. Of a dataset without validation rows the tenth
 * that will be set aside is taken to be exactly that; what is on the border shows when training joins the rows.
 *
 * @param tasks of each one the shape of its dataset, and the number of its labels
 * @returns problems with paths into the submission (`/spec/multiTask/sampling`)
 */
export function tasksSizeProblems(
  tasks: readonly { shape: DatasetShape; labels: number }[],
  { multiTask }: Pick<MultiTaskSpec, 'multiTask'>,
): FieldProblem[] {
  const shapes = tasks.map(({ shape }) => shape);
  const rows = Math.max(rowsInEpoch(shapes, { multiTask }), sum(shapes.map(rowsOf)));
  const message = softLabelsProblem(rows, sum(tasks.map(({ labels }) => labels)));
  return message === undefined ? [] : [{ path: '/spec/multiTask/sampling', message }];
}

/**
 * What keeps the tasks' student from being compressed: without a row of any task to validate on, no step could be checked.
 *
 * @returns problems with paths into the submission (`/spec/compression`)
 */
export function tasksCompressionProblems(
  shapes: readonly DatasetShape[],
  { compression }: Pick<MultiTaskSpec, 'compression'>,
): FieldProblem[] {
  const ofEach = shapes.map((shape) => compressionDataProblems(inScope(shape, undefined), compression));
  // One task whose rows validate is enough.
  return ofEach.find((problems) => problems.length === 0) ?? ofEach[0] ?? [];
}

/** How many rows of all tasks an epoch has, as near as counts tell. */
export function rowsInEpoch(shapes: readonly DatasetShape[], { multiTask }: Pick<MultiTaskSpec, 'multiTask'>): number {
  const trained = shapes.map((shape) => {
    const { rows, labelled } = inScope(shape, undefined);
    return rows.train - (rows.valid === 0 ? Math.round(labelled.train / CARVED_SHARE) : 0);
  });
  return sum(sampleCounts(trained, multiTask.sampling));
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
