import type { Pooling, TeacherManifest } from '@retort/contracts';
import { type OnProgress, progressOf, RetortError, type Row, SPLITS, type Split } from '@retort/contracts/values';
import { predict } from '@retort/learn';
import { cancelled } from '@retort/runtime';
import { openTextClassifier } from '@retort/text';
import { writeClassifierFolder } from './classifier-folder.js';
import { type Encoder, openEncoder, readEncoder } from './encoder.js';
import { encoderGraph } from './encoder-graph.js';
import { type EmbeddedRows, fitHead, type HeadSpec, headAccuracy } from './fit-head.js';
import { type HeadRows, headRows } from './head-rows.js';
import { inspectFolder } from './inspect-folder.js';
import { asTeacher } from './invalid-teacher.js';
import { mergeHead } from './merge-head.js';

export interface TrainTeacherHeadOptions {
  /** Folder of the encoder; see `inspectModelFolder`. */
  encoderDir: string;
  /** Where the classifier folder goes; files of the same names are overwritten. */
  outDir: string;
  /** Rows without a label are left out; `train` is learned, `valid` chooses the best epoch, `test` is measured. */
  rows: readonly Row[];
  /** In the order of the logits. Default: the labels of the training rows, sorted. */
  labels?: readonly string[];
  /** The same seed, rows and encoder give the same head. */
  seed: number;
  /** Over what the encoder's folder says. */
  pooling?: Pooling;
  head?: HeadSpec;
  /** Threads of each kernel; default 1. */
  threads?: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/** What was measured of a trained head. Shares are 0..1; undefined where the split has no labelled row. */
export interface TeacherHeadMetrics {
  accuracy?: number;
  validationAccuracy?: number;
  /** Labelled rows per split. */
  rows: Record<Split, number>;
  labels: number;
  embeddingWidth: number;
  hidden: number;
  epochs: number;
  /** 1-based. */
  bestEpoch: number;
  /** Wall seconds per stage. */
  seconds: { embedding: number; fitting: number };
}

export interface TrainedTeacherHead {
  /** Of the classifier folder. */
  manifest: TeacherManifest;
  metrics: TeacherHeadMetrics;
}

/** Texts embedded between two progress reports. */
const CHUNK = 256;
/** Texts on which the finished classifier is held to encoder and head one after the other. */
const CHECKED_TEXTS = 8;

/**
 * Makes a teacher of an encoder: embeds the labelled rows once, fits a classification head to the embeddings, and writes a
 * classifier folder whose one graph is the encoder, its pooling and the head.
 *
 * @throws RetortError `RT_INVALID_TEACHER` where the encoder cannot be used, `RT_INVALID_DATASET` where the rows cannot be
 * learned from, `RT_CANCELLED`, `RT_TRAINING_DIVERGED`
 */
export function trainTeacherHead(options: TrainTeacherHeadOptions): Promise<TrainedTeacherHead> {
  return asTeacher(async () => {
    const { encoderDir, outDir, seed, pooling, threads, signal, onProgress } = options;
    const rows = headRows(options.rows, options.labels);
    const classes = rows.labels.length;
    const encoder = await openEncoder(encoderDir, { pooling, threads });
    const { width } = encoder;
    try {
      const begun = performance.now();
      const embedded = await embed(encoder, rows, options);
      const fitting = performance.now();
      const fitted = await fit(embedded, { width, classes, seed, spec: options.head, threads, signal }, onProgress);
      const measured = { width, classes, signal };
      const metrics: TeacherHeadMetrics = {
        accuracy: await headAccuracy(fitted.model, embedded.test, measured),
        validationAccuracy: await headAccuracy(fitted.model, embedded.valid, measured),
        rows: { train: embedded.train.count, valid: embedded.valid.count, test: embedded.test.count },
        labels: classes,
        embeddingWidth: width,
        hidden: fitted.spec.hidden,
        epochs: fitted.spec.epochs,
        bestEpoch: fitted.bestEpoch,
        seconds: { embedding: (fitting - begun) / 1000, fitting: (performance.now() - fitting) / 1000 },
      };
      await writeClassifier(options, rows.labels, fitted.model);
      await checkMerged(outDir, encoder, fitted.model, rows.texts.train.slice(0, CHECKED_TEXTS));
      return { manifest: await inspectFolder(outDir), metrics };
    } finally {
      await encoder.close();
    }
  });
}

async function embed(
  encoder: Encoder,
  { texts, classes }: HeadRows,
  { signal, onProgress }: TrainTeacherHeadOptions,
): Promise<Record<Split, EmbeddedRows>> {
  const total = SPLITS.reduce((sum, split) => sum + texts[split].length, 0);
  const report = progressOf('embedding', total, onProgress);
  let done = 0;
  report(done);
  const embedded = {} as Record<Split, EmbeddedRows>;
  for (const split of SPLITS) {
    const count = texts[split].length;
    const features = new Float32Array(count * encoder.width);
    for (let start = 0; start < count; start += CHUNK) {
      const chunk = texts[split].slice(start, start + CHUNK);
      features.set(await encoder.embed(chunk, { signal }), start * encoder.width);
      done += chunk.length;
      report(done);
    }
    embedded[split] = { count, features, classes: classes[split] };
  }
  return embedded;
}

function fit(
  { train, valid }: Record<Split, EmbeddedRows>,
  options: Omit<Parameters<typeof fitHead>[0], 'train' | 'valid' | 'onStep'>,
  onProgress: OnProgress | undefined,
) {
  let report: ReturnType<typeof progressOf> | undefined;
  return fitHead({
    train,
    valid,
    ...options,
    onStep({ step, steps, loss }) {
      report ??= progressOf('fitting', steps, onProgress);
      report(step, `loss ${loss.toFixed(3)}`);
    },
  });
}

type Head = Awaited<ReturnType<typeof fitHead>>['model'];

async function writeClassifier(options: TrainTeacherHeadOptions, labels: string[], head: Head): Promise<void> {
  const { encoderDir, outDir, pooling, signal } = options;
  if (signal?.aborted) throw cancelled();
  const { model, embedding } = await readEncoder(encoderDir, pooling);
  const merged = mergeHead(encoderGraph(model, embedding), head);
  await writeClassifierFolder(outDir, { encoderDir, model: merged.model, labels });
}

/** The one graph must answer as encoder and head do one after the other; that it does not would be a fault of ours. */
async function checkMerged(outDir: string, encoder: Encoder, head: Head, texts: string[]): Promise<void> {
  const classifier = await openTextClassifier(outDir, { placement: 'inline' });
  try {
    const merged = await classifier.logits(texts);
    const features = await encoder.embed(texts);
    const tensor = { type: 'float32' as const, dims: [texts.length, encoder.width], data: features };
    const apart = await predict(head, { count: texts.length, inputs: () => ({ features: tensor }) });
    const furthest = merged.reduce(
      (most, logit, i) => Math.max(most, Math.abs(logit - apart[i]) / (1 + Math.abs(apart[i]))),
      0,
    );
    if (!(furthest < 0.01)) {
      throw new RetortError('RT_INTERNAL', `The classifier's graph differs from encoder and head by ${furthest}.`);
    }
  } finally {
    await classifier.close();
  }
}
