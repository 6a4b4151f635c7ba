import { rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  type DistillationSpec,
  type Labelling,
  type Lineage,
  type ModelFile,
  type OnProgress,
  progressOf,
  RetortError,
  type Row,
  type StudentMetrics,
  VERSION,
} from '@retort/contracts';
import type { StageCheckpoint } from '@retort/learn';
import { withoutDropout } from '@retort/onnx';
import { answerDigest, listModelFiles } from '@retort/teachers';
import { findServedFile, type Tokenizer } from '@retort/text';
import { modelCard } from './card/model-card.js';
import { type CompressionRows, NO_VALIDATION, pruneStudent, quantizeStudent } from './compression/index.js';
import { EncodedRows } from './dataset/encoded-rows.js';
import { foreignLabel, withoutLabel } from './dataset/out-of-scope.js';
import { partition, requireTrainingRows } from './dataset/split-rows.js';
import { type EvaluateOptions, evaluateStudent } from './measure/evaluate-student.js';
import { flopsOfMedianText } from './measure/median-flops.js';
import { trainInStages } from './progressive/train-stages.js';
import { calibrate } from './student/calibrate.js';
import { servedQuantized } from './student/hugging-face-config.js';
import { MANIFEST_FILE, publishFolder, stageFolder, writeJson, writeModelFolder } from './student/package-student.js';
import { parameterCount } from './student/parameter-count.js';
import { withUnseenTokens } from './student/with-unseen-tokens.js';
import { trainOneStudent } from './training/train-one-student.js';

export interface TrainStudentOptions {
  rows: readonly Row[];
  /** The teacher's labels, in the order of its logits; the student's are the same. */
  labels: readonly string[];
  /** `[rows, labels]`, row-major: what the teacher answered for every row. */
  teacherLogits: Float32Array;
  /** How many of the rows, the last ones, were generated for the transfer set: they train only. Default 0. */
  generated?: number;
  /** The teacher's folder, of several the first's: its latency is measured beside the student's. */
  teacherDir: string;
  /** All of them, where `teacherLogits` combine the answers of several. */
  teachers?: EvaluateOptions['teachers'];
  spec: DistillationSpec;
  /** Where the finished Hugging Face folder goes: absent, empty, or an earlier student. */
  outDir: string;
  lineage: Omit<Lineage, 'spec' | 'seed' | 'codeVersion'>;
  /** For the metrics; default: nothing is told of it. */
  labelling?: Labelling;
  /** Title of the model card; default: the folder's name. */
  name?: string;
  /** Threads of each kernel while training; default 1. */
  threads?: number;
  /**
   * A file in which to keep the state of the training: where it is left from an earlier attempt at the same student, the training goes
   * on from it, to the same bytes. Assistants and shallower depths have files of their own beside it, `<path>.<stage>`. They stay there
   * until the caller removes them.
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
  const { labels, spec, threads, signal, onProgress, generated } = options;
  const foreign = foreignLabel(labels, spec.outOfScope);
  const rows = withoutLabel(options.rows, foreign);
  const parts = partition(options.rows, { foreign, generated });
  requireTrainingRows(parts);
  const textsOf = (indexes: Int32Array) => Array.from(indexes, (row) => rows[row].text);
  // The tenth of a few rows that is set aside may be none.
  if (spec.compression && parts.valid.length === 0) {
    throw new RetortError('RT_INVALID_DATASET', `The compression ${NO_VALIDATION}.`);
  }
  const staging = await trainInStages({ ...options, rows, parts });
  const { taught, teacherTemperature, history, bestEpoch, stages } = staging;
  const { student: trained, unseenTokens } = await withUnseenTokens(staging.trained, spec.student, {
    teacherDir: options.teacherDir,
    encodings: staging.encoded.encodings(parts.train),
  });
  const readBy = (tokenizer: Tokenizer) => new EncodedRows(rows, tokenizer, labels, options.teacherLogits);
  const encoded = unseenTokens ? readBy(trained.tokenizer) : staging.encoded;
  const examplesOf = (read: EncodedRows): CompressionRows => ({
    train: { ...read.examples(parts.train), ...taught },
    validation: read.examples(parts.valid),
  });
  const pruned = await pruneStudent(trained, {
    spec,
    texts: textsOf(parts.train),
    rows: examplesOf(encoded),
    readAgain: (tokenizer) => examplesOf(readBy(tokenizer)),
    // Fine-tuning is short and keeps no checkpoint: the next attempt takes the steps again from the trained student.
    learn: async (smaller, { train: examples, validation }, { loss, training }) => {
      const draft = { ...trained, ...smaller };
      const again = { draft, examples, validation, spec: { loss, training } };
      return (await trainOneStudent({ ...again, threads, signal, onProgress })).weights;
    },
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

  const test = encoded.examples(parts.test);
  const best = history[bestEpoch - 1].validation;
  const metrics = await evaluateStudent({
    studentDir: staged,
    teacherDir: options.teacherDir,
    teachers: options.teachers,
    labels,
    texts: textsOf(parts.test),
    actual: test.labels,
    teacherLogits: test.teacherLogits,
    outOfScope: {
      label: spec.outOfScope,
      texts: textsOf(parts.outOfScope),
      teacherLogits: encoded.examples(parts.outOfScope).teacherLogits,
    },
    temperature,
    parameters: parameterCount(student),
    flops: flopsOfMedianText(model, test.lengths),
    bestEpoch,
    validation: best && { metric: best.metric, value: best.value },
    signal,
    onProgress,
  });
  const compression = [...pruned.records, ...(record ? [record] : [])];
  return {
    metrics: {
      ...metrics,
      temperatures: {
        student: temperature,
        ...(teacherTemperature === undefined ? {} : { softLabels: teacherTemperature }),
      },
      ...options.labelling,
      ...(unseenTokens ? { unseenTokens } : {}),
      ...(stages ? { stages } : {}),
      ...(spec.compression ? { compression } : {}),
    },
    temperature,
  };
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
