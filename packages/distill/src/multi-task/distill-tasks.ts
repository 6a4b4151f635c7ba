import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { type MultiTaskSpec, type OnProgress, RetortError, type Row, TASKS } from '@retort/contracts';
import { openTeacher } from '@retort/teachers';
import { shapeOf } from '../dataset/dataset-shape.js';
import { labelTexts, type SoftLabelCache } from '../dataset/soft-labels.js';
import { classifierFolder, rowsDigest } from '../distill.js';
import { readStudentFitProblems } from '../fit/teacher-fit-problems.js';
import { invalidSpec } from '../sections/invalid-spec.js';
import { taskProblems, tasksCompressionProblems } from './check-tasks.js';
import { type TrainedTasks, type TrainTasksOptions, trainTasks } from './train-tasks.js';

export interface TaskInput {
  /** Lower-case letters, digits, `-` and `_`, at most 64. */
  name: string;
  rows: readonly Row[];
  /** As of a single task: a classifier, or an encoder that gets a head trained on the labelled rows first. */
  teacherDir: string;
}

export interface DistillTasksOptions {
  /** 2 to 8, of different names. */
  tasks: readonly TaskInput[];
  spec: MultiTaskSpec;
  /** Where the student's folder goes: absent, empty, or an earlier student. */
  outDir: string;
  /** Soft labels of earlier runs; default: none are kept. */
  cache?: SoftLabelCache;
  checkpoint?: TrainTasksOptions['checkpoint'];
  /** Threads of each kernel; default 1. */
  threads?: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

type Labelled = TrainTasksOptions['tasks'][number];

/**
 * Distils several tasks, each with a teacher of its own, into one student that answers all of them: labels the texts of each, trains once,
 * measures and gates each task, packages one folder.
 *
 * @throws RetortError as `distill` does; `RT_INVALID_FIELD` for too few or too many tasks and names that are no names
 */
export async function distillTasks(options: DistillTasksOptions): Promise<TrainedTasks> {
  const { tasks, spec, outDir, checkpoint, threads, signal, onProgress } = options;
  checkTasks(tasks.map(({ name }) => name));
  // Tokens and first weights are those of the first task's teacher.
  const misfits = await readStudentFitProblems(spec.student, tasks[0].teacherDir);
  if (misfits.length > 0) throw invalidSpec(misfits);
  const shapes = tasks.map(({ rows }) => shapeOf(rows));
  const unchecked = tasksCompressionProblems(shapes, spec);
  if (unchecked.length > 0) throw invalidSpec(unchecked.map(({ message }) => ({ path: '/compression', message })));
  const scratch = await mkdtemp(join(tmpdir(), 'retort-'));
  try {
    const labelled: Labelled[] = [];
    for (const task of tasks) labelled.push(await label(task, options, join(scratch, task.name)));
    return await trainTasks({ tasks: labelled, spec, outDir, checkpoint, threads, signal, onProgress });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Asks the task's teacher for all of its texts, after training its head where it is an encoder. */
async function label(task: TaskInput, options: DistillTasksOptions, scratch: string): Promise<Labelled> {
  const { spec, cache, threads, signal, onProgress } = options;
  const { name, rows } = task;
  const note: OnProgress | undefined =
    onProgress && ((progress) => onProgress({ ...progress, note: [name, progress.note].filter(Boolean).join(': ') }));
  const teacherDir = await classifierFolder(task.teacherDir, scratch, {
    rows,
    spec,
    threads,
    signal,
    onProgress: note,
  });
  const teacher = await openTeacher(teacherDir, { threads });
  try {
    const problems = taskProblems(shapeOf(rows), teacher.labels, spec);
    if (problems.length > 0) {
      const detail = problems.map(({ path, message }) => `The ${path.split('/').at(-1)} ${message}.`).join(' ');
      throw new RetortError('RT_INVALID_DATASET', `Task "${name}": ${detail}`, { problems });
    }
    const texts = rows.map(({ text }) => text);
    const { logits } = await labelTexts({ teacher, texts, cache, signal, onProgress: note });
    const origin = {
      dataset: { digest: rowsDigest(rows), rows: rows.length },
      teacher: { name: basename(resolve(task.teacherDir)), digest: teacher.digest },
    };
    return { name, rows, labels: teacher.labels, teacherLogits: logits, teacherDir, origin };
  } finally {
    await teacher.close();
  }
}

function checkTasks(names: readonly string[]): void {
  const { least, most } = TASKS;
  const invalid = (detail: string) => new RetortError('RT_INVALID_FIELD', detail);
  if (names.length < least || names.length > most) {
    throw invalid(`tasks must be ${least} to ${most}, got ${names.length}.`);
  }
  for (const [i, name] of names.entries()) {
    if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(name)) {
      throw invalid(`tasks[${i}].name "${name}" must be lower-case letters, digits, "-" and "_", at most 64.`);
    }
    if (names.indexOf(name) !== i) throw invalid(`tasks[${i}].name "${name}" stands there twice.`);
  }
}
