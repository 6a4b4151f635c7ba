import {
  type FineTuneSpec,
  type FineTuneSpecInput,
  type Pooling,
  resolveFineTuneSpec,
  type TeacherManifest,
} from '@retort/contracts';
import { type OnProgress, progressOf, RetortError, type Row, type Split } from '@retort/contracts/values';
import {
  evaluate,
  predict,
  type StageCheckpoint,
  stagedTraining,
  type TrainResult,
  train,
  withWeights,
} from '@retort/learn';
import { type Model, sizeOf } from '@retort/onnx';
import { openTokenizer } from '@retort/text';
import { writeClassifierFolder } from './classifier-folder.js';
import { byLength, EncodedTexts } from './encoded-texts.js';
import { checkActivations, type FineTuningTask, fineTuningLoss, fineTuningTask } from './fine-tuning-task.js';
import { type HeadRows, headRows } from './head-rows.js';
import { importModel } from './import-model.js';
import { inspectFolder } from './inspect-folder.js';
import { asTeacher } from './invalid-teacher.js';

export interface FineTuneOptions {
  /** Folder of the encoder; see `inspectModelFolder`. */
  encoderDir: string;
  /** Where the classifier folder goes; files of the same names are overwritten. */
  outDir: string;
  /** Rows without a label are left out; `train` is learned, `valid` chooses the best epoch, `test` is measured. */
  rows: readonly Row[];
  /** In the order of the logits. Default: the labels of the training rows, sorted. */
  labels?: readonly string[];
  /** The same seed, rows and encoder give the same classifier on the same machine with the same threads. */
  seed: number;
  /** Over what the encoder's folder says. */
  pooling?: Pooling;
  /** What is left out has the default of {@link FineTuneSpec}. */
  spec?: FineTuneSpecInput;
  /**
   * A file in which to keep the state of the training: where it is left from an earlier attempt at the same, the training goes on
   * from it, to the same bytes. It stays there until the caller removes it.
   */
  checkpoint?: StageCheckpoint;
  /** Threads of each kernel; default 1. */
  threads?: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/** What was measured of a fine-tuned encoder. Shares are 0..1; undefined where the split has no labelled row. */
export interface FineTuneMetrics {
  accuracy?: number;
  validationAccuracy?: number;
  /** Labelled rows per split. */
  rows: Record<Split, number>;
  labels: number;
  embeddingWidth: number;
  /** Layers of the encoder. */
  layers: number;
  /** Numbers that were trained, the head's included. */
  trainedWeights: number;
  epochs: number;
  /** 1-based. */
  bestEpoch: number;
  /** Mean loss of each epoch, label smoothing included, and the accuracy on the validation rows after it. */
  history: { loss: number; validationAccuracy?: number }[];
  /** Wall seconds per stage. */
  seconds: { fineTuning: number; measuring: number };
}

export interface FineTuned {
  /** Of the classifier folder. */
  manifest: TeacherManifest;
  metrics: FineTuneMetrics;
}

/** Texts of one run while measuring: few enough that a long one among them costs little padding. */
const MEASURED_TEXTS = 32;

/**
 * Makes a teacher of an encoder by training all of it, or chosen layers, together with a new classification head on the
 * labelled rows. Writes a classifier folder as `trainTeacherHead` does; where the encoder fits the task badly it answers
 * better than that one, for minutes of training instead of seconds.
 *
 * Trains in the calling thread; give it a thread of its own in a service.
 *
 * @throws RetortError `RT_INVALID_FIELD` for options out of range, `RT_INVALID_TEACHER` where the encoder cannot be trained,
 * `RT_UNSUPPORTED_OP` naming the nodes that have no gradient, `RT_INVALID_DATASET` where the rows cannot be learned from,
 * `RT_INVALID_CHECKPOINT` for a checkpoint that cannot be used, `RT_UNAVAILABLE` where none can be written, `RT_CANCELLED`,
 * `RT_TRAINING_DIVERGED`
 */
export function fineTune(options: FineTuneOptions): Promise<FineTuned> {
  return asTeacher(async () => {
    const { encoderDir, outDir, seed, pooling, threads, signal } = options;
    const rows = headRows(options.rows, options.labels);
    const spec = withEpochs(resolveFineTuneSpec(options.spec), rows.texts.train.length);
    checkPatience(spec, rows);
    const imported = await importModel(encoderDir, { pooling });
    const task = fineTuningTask(imported, { spec, seed, classes: rows.labels.length });
    const texts = new EncodedTexts(imported.model, await openTokenizer(encoderDir), spec.maxLength);
    checkActivations(imported, spec, texts.maxLength);

    const begun = performance.now();
    const trained = await learn(task, texts, rows, spec, options);
    const measuring = performance.now();
    const model = withWeights(task.model, trained.weights);
    const accuracy = await measure(model, texts, rows, { threads, signal }, options.onProgress);
    const ended = performance.now();
    await writeClassifierFolder(outDir, { encoderDir, model, labels: rows.labels });
    const metrics: FineTuneMetrics = {
      accuracy,
      validationAccuracy: trained.history[trained.bestEpoch - 1].validation?.value,
      rows: countsOf(rows),
      labels: rows.labels.length,
      embeddingWidth: imported.width,
      layers: imported.layers,
      trainedWeights: task.trainable.reduce(
        (sum, name) => sum + sizeOf(task.model.graph.initializers.get(name)!.dims),
        0,
      ),
      epochs: spec.epochs,
      bestEpoch: trained.bestEpoch,
      history: trained.history.map(({ loss, validation }) => ({ loss, validationAccuracy: validation?.value })),
      seconds: { fineTuning: (measuring - begun) / 1000, measuring: (ended - measuring) / 1000 },
    };
    return { manifest: await inspectFolder(outDir), metrics };
  });
}

type Spec = FineTuneSpec & { epochs: number };

const EPOCHS = { fewest: 5, most: 30 };
const FEWEST_STEPS = 300;

function withEpochs(spec: FineTuneSpec, rows: number): Spec {
  const enough = Math.ceil(FEWEST_STEPS / Math.ceil(rows / spec.batchSize));
  return { ...spec, epochs: spec.epochs ?? Math.max(EPOCHS.fewest, Math.min(EPOCHS.most, enough)) };
}

/** @throws RetortError `RT_INVALID_FIELD` where there is nothing to be impatient about */
function checkPatience({ patience }: Spec, { texts }: HeadRows): void {
  if (patience === 0 || texts.valid.length > 0) return;
  const message = `is ${patience}, but no labelled row is in the split valid, by which it would stop: add some or leave it at 0`;
  throw new RetortError('RT_INVALID_FIELD', `/patience ${message}.`, { problems: [{ path: '/patience', message }] });
}

function learn(
  task: FineTuningTask,
  texts: EncodedTexts,
  rows: HeadRows,
  spec: Spec,
  { seed, checkpoint, threads, signal, onProgress }: FineTuneOptions,
): Promise<TrainResult> {
  const valid = byLength(rows.texts.valid, rows.classes.valid);
  return train({
    ...task,
    ...texts.examples(rows.texts.train, rows.classes.train),
    loss: fineTuningLoss(spec),
    training: { ...spec, seed },
    validate: valid.texts.length > 0 ? texts.examples(valid.texts, valid.classes) : undefined,
    ...stagedTraining('fine-tuning', { checkpoint, onProgress }),
    threads,
    signal,
  });
}

/** Accuracy on the test rows; undefined where there are none. */
async function measure(
  model: Model,
  texts: EncodedTexts,
  rows: HeadRows,
  { threads, signal }: Pick<FineTuneOptions, 'threads' | 'signal'>,
  onProgress: OnProgress | undefined,
): Promise<number | undefined> {
  const test = byLength(rows.texts.test, rows.classes.test);
  const total = test.texts.length;
  if (total === 0) return undefined;
  const report = progressOf('measuring', total, onProgress);
  report(0);
  const examples = texts.examples(test.texts, test.classes);
  const logits = await predict(model, examples, { threads, signal, batchSize: MEASURED_TEXTS });
  report(total);
  return evaluate(logits, test.classes, rows.labels.length).accuracy;
}

function countsOf({ texts }: HeadRows): Record<Split, number> {
  return { train: texts.train.length, valid: texts.valid.length, test: texts.test.length };
}
