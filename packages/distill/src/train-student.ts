import { rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  type DistillationSpec,
  type Lineage,
  type ModelFile,
  type OnProgress,
  progressOf,
  RetortError,
  type Row,
  type StudentMetrics,
  VERSION,
} from '@retort/contracts';
import {
  type StageCheckpoint,
  stagedTraining,
  type TrainableModel,
  type TrainOptions,
  train,
  withWeights,
} from '@retort/learn';
import { sizeOf, withoutDropout } from '@retort/onnx';
import { answerDigest, listModelFiles } from '@retort/teachers';
import { findServedFile, type Tokenizer } from '@retort/text';
import { calibrate } from './calibrate.js';
import { type CompressionRows, NO_VALIDATION, pruneStudent, quantizeStudent } from './compression/index.js';
import { draftStudent } from './draft-student.js';
import { EncodedRows } from './encoded-rows.js';
import { evaluateStudent } from './evaluate-student.js';
import { servedQuantized } from './hugging-face-config.js';
import { modelCard } from './model-card.js';
import { MANIFEST_FILE, publishFolder, stageFolder, writeJson, writeModelFolder } from './package-student.js';
import { partition } from './split-rows.js';

export interface TrainStudentOptions {
  rows: readonly Row[];
  /** The teacher's labels, in the order of its logits; the student's are the same. */
  labels: readonly string[];
  /** `[rows, labels]`, row-major: what the teacher answered for every row. */
  teacherLogits: Float32Array;
  /** The teacher's folder: its latency is measured beside the student's. */
  teacherDir: string;
  spec: DistillationSpec;
  /** Where the finished Hugging Face folder goes: absent, empty, or an earlier student. */
  outDir: string;
  lineage: Omit<Lineage, 'spec' | 'seed' | 'codeVersion'>;
  /** Title of the model card; default: the folder's name. */
  name?: string;
  /** Threads of each kernel while training; default 1. */
  threads?: number;
  /**
   * A file in which to keep the state of the training: where it is left from an earlier attempt at the same student, the training goes
   * on from it, to the same bytes. It stays there until the caller removes it.
   */
  checkpoint?: StageCheckpoint;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

export interface TrainedStudent {
  labels: readonly string[];
  files: ModelFile[];
  /** Digest over the files that decide its answers. */
  digest: string;
  metrics: StudentMetrics;
  lineage: Lineage;
}

/**
 * Trains the student on labels and soft labels, measures it on the test split and packages it as a Hugging Face folder.
 * The same rows, soft labels and spec give the same model bytes on the same machine with the same threads.
 *
 * @throws RetortError `RT_CANCELLED`, `RT_TRAINING_DIVERGED`, `RT_INVALID_DATASET`, `RT_CONFLICT` (see {@link stageFolder}),
 * `RT_INVALID_CHECKPOINT` for a checkpoint that cannot be used, `RT_UNAVAILABLE` where none can be written
 */
export async function trainStudent(options: TrainStudentOptions): Promise<TrainedStudent> {
  const staged = await stageFolder(options.outDir);
  try {
    const { metrics, temperature } = await trainAndMeasure(staged, options);
    return await finish(staged, options, metrics, temperature);
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

/** Leaves the trained, calibrated model in `staged` and measures it there. */
async function trainAndMeasure(staged: string, options: TrainStudentOptions) {
  const { rows, labels, spec, threads, signal, onProgress } = options;
  const parts = partition(rows);
  const textsOf = (indexes: Int32Array) => Array.from(indexes, (row) => rows[row].text);
  const { teacherDir } = options;
  const texts = textsOf(parts.train);
  const draft = await draftStudent(spec, { texts, labels, teacherDir });
  const read = (tokenizer: Tokenizer) => {
    const encoded = new EncodedRows(rows, tokenizer, labels, options.teacherLogits);
    return {
      train: encoded.examples(parts.train),
      validation: encoded.examples(parts.valid),
      test: encoded.examples(parts.test),
    };
  };
  const learn = (
    student: TrainableModel,
    { train: rowsToLearn, validation }: CompressionRows,
    { training, ...stage }: Pick<TrainOptions, 'training' | 'checkpoint' | 'onProgress'>,
  ) =>
    train({
      model: student.model,
      trainable: student.trainable,
      ...rowsToLearn,
      loss: spec.loss,
      // Patience waits for validation: without any row to validate on there is nothing to be impatient about.
      training: validation.count > 0 ? training : { ...training, patience: 0 },
      validate: validation.count > 0 ? validation : undefined,
      ...stage,
      threads,
      signal,
    });

  const examples = read(draft.tokenizer);
  // The tenth of a few rows that is set aside may be none.
  if (spec.compression && examples.validation.count === 0) {
    throw new RetortError('RT_INVALID_DATASET', `The compression ${NO_VALIDATION}.`);
  }
  const { weights, bestEpoch } = await learn(draft, examples, {
    training: spec.training,
    ...stagedTraining('training', options),
  });
  const trained = { ...draft, model: withWeights(draft.model, weights) };
  const pruned = await pruneStudent(trained, {
    spec,
    texts,
    rows: examples,
    readAgain: read,
    // Fine-tuning is short and keeps no checkpoint: the next attempt takes the steps again from the trained student.
    learn: async (smaller, again, training) =>
      (await learn(smaller, again, { training, ...stagedTraining('training', { onProgress }) })).weights,
    threads,
    signal,
  });
  const { student, gate } = pruned;
  const { validation } = pruned.rows;
  const { model, temperature } = await calibrate(withoutDropout(student.model), validation, {
    classes: labels.length,
    batchSize: spec.training.batchSize,
    threads,
    signal,
  });
  const { trainable } = student;
  const { quantized, record } = await quantizeStudent({ model, trainable }, spec.compression, validation, gate);
  const config = student.files['config.json'];
  const files = quantized ? { ...student.files, 'config.json': servedQuantized(config) } : student.files;
  await writeModelFolder(staged, model, files, quantized);

  const { test } = examples;
  const metrics = await evaluateStudent({
    studentDir: staged,
    teacherDir,
    labels,
    texts: textsOf(parts.test),
    actual: test.labels,
    teacherLogits: test.teacherLogits,
    parameters: parameterCount(student),
    bestEpoch,
    signal,
    onProgress,
  });
  const compression = [...pruned.records, ...(record ? [record] : [])];
  return { metrics: spec.compression ? { ...metrics, compression } : metrics, temperature };
}

/** Adds card and manifest, and puts the folder in its place. */
async function finish(
  staged: string,
  options: TrainStudentOptions,
  metrics: StudentMetrics,
  temperature: number,
): Promise<TrainedStudent> {
  const { labels, spec, outDir } = options;
  const report = progressOf('packaging', 2, options.onProgress);
  report(0);
  const name = options.name ?? basename(resolve(outDir));
  const lineage: Lineage = { ...options.lineage, spec, seed: spec.training.seed, codeVersion: VERSION };
  const digest = answerDigest(await listModelFiles(staged));
  const manifest = {
    formatVersion: 1,
    name,
    digest,
    // Which of the graphs answers.
    modelFile: await findServedFile(staged),
    labels,
    lineage,
    calibration: { temperature },
    metrics,
  };
  await writeJson(join(staged, MANIFEST_FILE), manifest);
  await writeFile(join(staged, 'README.md'), modelCard({ name, labels, lineage, metrics }));
  report(1);
  const files = await listModelFiles(staged);
  await publishFolder(staged, outDir);
  report(2);
  return { labels, files, digest, metrics, lineage };
}

function parameterCount({ model, trainable }: TrainableModel): number {
  const { initializers } = model.graph;
  return trainable.reduce((sum, name) => sum + sizeOf(initializers.get(name)?.dims ?? [0]), 0);
}
