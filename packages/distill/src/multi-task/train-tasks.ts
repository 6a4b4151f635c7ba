import { rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  type ModelFile,
  type MultiTaskSpec,
  type OnProgress,
  progressOf,
  RetortError,
  VERSION,
} from '@retort/contracts';
import { type StageCheckpoint, withTaskMask, withTaskOutputs, withWeights } from '@retort/learn';
import { withoutDropout } from '@retort/onnx';
import { answerDigest, listModelFiles } from '@retort/teachers';
import { findServedFile, type TaskLabels, type Tokenizer } from '@retort/text';
import { NO_VALIDATION } from '../compression/index.js';
import { EncodedRows } from '../dataset/encoded-rows.js';
import { evaluateStudent } from '../measure/evaluate-student.js';
import { flopsOfMedianText } from '../measure/median-flops.js';
import { resolveSpec } from '../spec/resolve-spec.js';
import { draftStudent } from '../student/draft-student.js';
import { servedQuantized } from '../student/hugging-face-config.js';
import { MANIFEST_FILE, publishFolder, stageFolder, writeJson, writeModelFolder } from '../student/package-student.js';
import { parameterCount } from '../student/parameter-count.js';
import { withUnseenTokens } from '../student/with-unseen-tokens.js';
import { trainOneStudent } from '../training/train-one-student.js';
import { calibrateTasks, columnsOf } from './calibrate-tasks.js';
import { gateOf } from './gate.js';
import { concat, joinTasks, type LabelledTask } from './join-tasks.js';
import { quantizeTasks } from './quantize-tasks.js';
import { taskExamples } from './task-examples.js';
import { tasksCard } from './tasks-card.js';
import type { TaskOrigin, TrainedTask } from './trained-task.js';

export interface TrainTasksOptions {
  /** An encoder student reads the tokens of the first task's teacher. */
  tasks: readonly (LabelledTask & { teacherDir: string; origin: TaskOrigin })[];
  spec: MultiTaskSpec;
  /** Where the finished Hugging Face folder goes: absent, empty, or an earlier student. */
  outDir: string;
  /** Title of the model card; default: the folder's name. */
  name?: string;
  /** Threads of each kernel while training; default 1. */
  threads?: number;
  /** As of a student of one task. */
  checkpoint?: StageCheckpoint;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

export interface TrainedTasks {
  /** `<task>/<label>`, in the order of the output `logits`. */
  labels: readonly string[];
  tasks: TrainedTask[];
  files: ModelFile[];
  /** Digest over the files that decide its answers. */
  digest: string;
  /** Whether every task passed its gate. */
  passed: boolean;
}

/**
 * Trains one student on several tasks: one trunk, and for each task a head of its own. Batches mix the tasks, a row's loss is over the
 * classes of its task alone. The best epoch is that of the best accuracy over the validation rows of all tasks, each among its own labels.
 * Each head is calibrated and measured by itself. The folder answers any of the tasks (`openTextClassifier(folder, { task })`, the output
 * `logits.<task>`), or all labels at once.
 *
 * @throws RetortError as `trainStudent` does
 */
export async function trainTasks(options: TrainTasksOptions): Promise<TrainedTasks> {
  const staged = await stageFolder(options.outDir);
  try {
    const { labels, tasks } = await trainAndMeasure(staged, options);
    return await finish(staged, options, labels, tasks);
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

async function trainAndMeasure(staged: string, options: TrainTasksOptions) {
  const { spec, threads, signal, onProgress } = options;
  const joined = joinTasks(options.tasks, spec);
  const { heads, labels, rows, parts } = joined;
  const valid = parts.map((part) => part.valid);
  if (spec.compression && valid.every(({ length }) => length === 0)) {
    throw new RetortError('RT_INVALID_DATASET', `The compression ${NO_VALIDATION}.`);
  }
  const texts = Array.from(concat(parts.map(({ train }) => train)), (row) => rows[row].text);
  const draft = await draftStudent(spec, { texts, labels, teacherDir: options.tasks[0].teacherDir });
  const readBy = (tokenizer: Tokenizer) => new EncodedRows(rows, tokenizer, labels, joined.teacherLogits);
  const learned = readBy(draft.tokenizer);
  const validate = (encoded: EncodedRows) => taskExamples(encoded, joined, concat(valid), { training: false });
  const { weights, bestEpoch } = await trainOneStudent({
    ...options,
    draft: { ...draft, model: withTaskMask(draft.model, heads) },
    examples: taskExamples(learned, joined, joined.sampled, { training: true }),
    validation: validate(learned),
    heads,
  });
  const trained = { ...draft, model: withWeights(draft.model, weights) };
  const { student, unseenTokens } = await withUnseenTokens(trained, spec.student, {
    teacherDir: options.tasks[0].teacherDir,
    encodings: learned.encodings(joined.sampled),
  });
  const encoded = unseenTokens ? readBy(student.tokenizer) : learned;
  const running = { heads, batchSize: spec.training.batchSize, threads, signal };
  const { model, temperatures } = await calibrateTasks(withoutDropout(student.model), encoded, valid, running);
  const checked = { ...running, trainable: student.trainable, validation: validate(encoded) };
  const { quantized, record } = await quantizeTasks(model, spec.compression, checked);
  const described = Object.fromEntries(
    options.tasks.map((task, k): [string, TaskLabels] => [
      task.name,
      { labels: [...task.labels], offset: heads[k].offset },
    ]),
  );
  const config = { ...student.files['config.json'], task_specific_params: described };
  await writeModelFolder(
    staged,
    withTaskOutputs(model, heads),
    { ...student.files, 'config.json': quantized ? servedQuantized(config) : config },
    quantized && withTaskOutputs(quantized, heads),
  );

  const { outOfScope } = resolveSpec();
  const tasks: TrainedTask[] = [];
  const total = parts.reduce((sum, { test }) => sum + test.length, 0);
  let before = 0;
  for (const [k, { name, labels: own, teacherDir, origin }] of options.tasks.entries()) {
    const test = encoded.examples(parts[k].test);
    const { offset, classes } = heads[k];
    const from = before;
    const measured = await evaluateStudent({
      studentDir: staged,
      task: name,
      teacherDir,
      labels: own,
      texts: Array.from(parts[k].test, (row) => rows[row].text),
      actual: test.labels.map((label) => (label < 0 ? -1 : label - offset)),
      teacherLogits: columnsOf(test.teacherLogits, labels.length, offset, classes),
      // A class like any other of the tasks that have it: several tasks have no rows of none of their labels.
      outOfScope: { label: outOfScope, texts: [], teacherLogits: new Float32Array(0) },
      temperature: temperatures[k],
      parameters: parameterCount(student),
      flops: flopsOfMedianText(model, test.lengths),
      bestEpoch,
      signal,
      onProgress:
        onProgress && ((progress) => onProgress({ ...progress, done: from + progress.done, total, note: name })),
    });
    const metrics = {
      ...measured,
      temperatures: { student: temperatures[k] },
      // One graph for all tasks, so one record.
      ...(unseenTokens ? { unseenTokens } : {}),
      ...(record ? { compression: [record] } : {}),
    };
    before += parts[k].test.length;
    const gate = gateOf(spec.multiTask.tasks[name] ?? {}, metrics.student);
    tasks.push({ name, ...described[name], ...origin, temperature: temperatures[k], metrics, gate });
  }
  return { labels, tasks };
}

/** Adds card and manifest, and puts the folder in its place. */
async function finish(
  staged: string,
  options: TrainTasksOptions,
  labels: string[],
  tasks: TrainedTask[],
): Promise<TrainedTasks> {
  const { spec, outDir } = options;
  const report = progressOf('packaging', 2, options.onProgress);
  report(0);
  const name = options.name ?? basename(resolve(outDir));
  const digest = answerDigest(await listModelFiles(staged));
  const passed = tasks.every(({ gate }) => gate.passed);
  const made = { spec, seed: spec.training.seed, codeVersion: VERSION };
  await writeJson(join(staged, MANIFEST_FILE), {
    ...{ formatVersion: 1, name, digest, modelFile: await findServedFile(staged), labels, lineage: made, passed },
    tasks: Object.fromEntries(tasks.map(({ name: task, ...rest }) => [task, rest])),
  });
  await writeFile(join(staged, 'README.md'), tasksCard({ name, tasks, spec }));
  report(1);
  const files = await listModelFiles(staged);
  await publishFolder(staged, outDir);
  report(2);
  return { labels, tasks, files, digest, passed };
}
