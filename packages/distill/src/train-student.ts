import { rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  type DistillationSpec,
  type Lineage,
  type ModelFile,
  type OnProgress,
  progressOf,
  type Row,
  type StudentMetrics,
  type TransferSetCounts,
  VERSION,
} from '@retort/contracts';
import { type StageCheckpoint, stagedTraining, type TrainableModel, train, withWeights } from '@retort/learn';
import { sizeOf, withoutDropout } from '@retort/onnx';
import { answerDigest, listModelFiles } from '@retort/teachers';
import { calibrate } from './calibrate.js';
import { draftStudent } from './draft-student.js';
import { EncodedRows } from './encoded-rows.js';
import { type EvaluateOptions, evaluateStudent } from './evaluate-student.js';
import { openFeatures } from './feature-training.js';
import { flopsOfMedianText } from './median-flops.js';
import { modelCard } from './model-card.js';
import { foreignLabel, withoutLabel } from './out-of-scope.js';
import { MANIFEST_FILE, publishFolder, stageFolder, writeJson, writeModelFolder } from './package-student.js';
import { partition } from './split-rows.js';
import { taughtExamples } from './taught-examples.js';

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
  /** What was kept of the generated rows, where the spec has a transfer set. */
  selected?: Required<Pick<TransferSetCounts, 'filtered' | 'kept'>>;
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
  const textsOf = (indexes: Int32Array) => Array.from(indexes, (row) => rows[row].text);
  const { teacherDir } = options;
  const draft = await draftStudent(spec, { texts: textsOf(parts.train), labels, teacherDir });
  const encoded = new EncodedRows(rows, draft.tokenizer, labels, options.teacherLogits);
  const validation = encoded.examples(parts.valid);

  const reading = { texts: textsOf(parts.train), encoded: encoded.encodings(parts.train) };
  const features = await openFeatures(spec, draft, reading, options);
  const { weights, bestEpoch, history } = await train({
    ...features.training,
    ...taughtExamples(encoded.examples(parts.train), validation, { classes: labels.length, spec }),
    loss: spec.loss,
    // Patience waits for validation: without any row to validate on there is nothing to be impatient about.
    training: validation.count > 0 ? spec.training : { ...spec.training, patience: 0 },
    validate: validation.count > 0 ? validation : undefined,
    ...stagedTraining('training', options),
    threads,
    signal,
  }).finally(() => features.close());
  const trained = withoutDropout(withWeights(draft.model, features.withoutProjections(weights)));
  const { model, temperature } = await calibrate(trained, validation, {
    classes: labels.length,
    batchSize: spec.training.batchSize,
    threads,
    signal,
  });
  await writeModelFolder(staged, model, draft.files);

  const test = encoded.examples(parts.test);
  const best = history[bestEpoch - 1].validation;
  const metrics = await evaluateStudent({
    studentDir: staged,
    teacherDir,
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
    parameters: parameterCount(draft),
    flops: flopsOfMedianText(model, test.lengths),
    bestEpoch,
    validation: best && { metric: best.metric, value: best.value },
    signal,
    onProgress,
  });
  return { metrics, temperature };
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
  const manifest = { formatVersion: 1, name, digest, labels, lineage, calibration: { temperature }, metrics };
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
