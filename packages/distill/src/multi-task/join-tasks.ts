import { type MultiTaskSpec, RetortError, type Row } from '@retort/contracts';
import { MASKED, type TaskHead } from '@retort/learn';
import { partition, type RowParts, requireTrainingRows } from '../dataset/split-rows.js';
import { sampleRows } from './sample-rows.js';

/** One task with the answers of its teacher. */
export interface LabelledTask {
  name: string;
  rows: readonly Row[];
  /** The teacher's labels, in the order of its logits. */
  labels: readonly string[];
  /** `[rows, labels]`, row-major. */
  teacherLogits: Float32Array;
}

/** Several tasks as one, whose labels are those of all of them. */
export interface JoinedTasks {
  heads: TaskHead[];
  /** `<task>/<label>`, so that two tasks may have a label of the same name. */
  labels: string[];
  rows: Row[];
  /** `[rows, labels]`: what the teacher of a row's task answered, and {@link MASKED} for the labels of others. */
  teacherLogits: Float32Array;
  /** Index of each row's task. */
  taskOf: Int32Array;
  /** Rows of each task by the part they play, as if it were alone; indexes into `rows`. */
  parts: RowParts[];
  /** Rows of an epoch: see {@link sampleRows}. */
  sampled: Int32Array;
}

/** Most soft labels of an epoch in float32, 2 GiB: rows times labels of all tasks. */
const MOST_SOFT_LABELS = 2 ** 29;

/** @throws RetortError `RT_INVALID_SPEC` where an epoch would take too much memory, `RT_INVALID_DATASET` where a task has nothing to train on */
export function joinTasks(tasks: readonly LabelledTask[], { training, multiTask }: MultiTaskSpec): JoinedTasks {
  const heads: TaskHead[] = [];
  let offset = 0;
  for (const { name, labels } of tasks) {
    heads.push({ name, offset, classes: labels.length, weight: multiTask.tasks[name]?.weight ?? 1 });
    offset += labels.length;
  }
  const starts = tasks.map((_, k) => tasks.slice(0, k).reduce((sum, { rows }) => sum + rows.length, 0));
  const parts = tasks.map(({ rows }, k) => shifted(partition(rows), starts[k]));
  for (const part of parts) requireTrainingRows(part);
  const trained = sampleRows(
    parts.map(({ train }) => train),
    { alpha: multiTask.sampling, seed: training.seed },
  );
  const sampled = concat(trained);
  const rows = tasks.flatMap(({ name, rows: own }) =>
    own.map((row) => (row.label === undefined ? row : { ...row, label: `${name}/${row.label}` })),
  );
  const tooLarge = softLabelsProblem(Math.max(sampled.length, rows.length), offset);
  if (tooLarge !== undefined) throw new RetortError('RT_INVALID_SPEC', `The spec's multiTask.sampling ${tooLarge}.`);
  return {
    heads,
    labels: tasks.flatMap(({ name, labels }) => labels.map((label) => `${name}/${label}`)),
    rows,
    teacherLogits: joinedLogits(tasks, heads, rows.length, offset),
    taskOf: Int32Array.from(tasks.flatMap(({ rows: own }, k) => Array<number>(own.length).fill(k))),
    parts,
    sampled,
  };
}

function joinedLogits(tasks: readonly LabelledTask[], heads: TaskHead[], rows: number, labels: number): Float32Array {
  const joined = new Float32Array(rows * labels).fill(MASKED);
  let at = 0;
  for (const [k, { rows: own, teacherLogits }] of tasks.entries()) {
    const { offset, classes } = heads[k];
    for (let row = 0; row < own.length; row++, at += labels) {
      joined.set(teacherLogits.subarray(row * classes, (row + 1) * classes), at + offset);
    }
  }
  return joined;
}

/** What is wrong with an epoch of so many rows, with the labels of all tasks; undefined where it fits in memory. */
export function softLabelsProblem(rows: number, labels: number): string | undefined {
  if (rows * labels <= MOST_SOFT_LABELS) return undefined;
  return `leads to an epoch of ${rows} rows with ${labels} labels of all tasks, which needs ${rows * labels} soft labels, at most ${MOST_SOFT_LABELS} are allowed: raise it, or take fewer tasks`;
}

function shifted({ train, valid, test, outOfScope }: RowParts, start: number): RowParts {
  const shift = (rows: Int32Array) => rows.map((row) => row + start);
  return { train: shift(train), valid: shift(valid), test: shift(test), outOfScope: shift(outOfScope) };
}

export function concat(parts: readonly Int32Array[]): Int32Array {
  return Int32Array.from(parts.flatMap((part) => Array.from(part)));
}
