import { setImmediate } from 'node:timers/promises';
import { RetortError } from '@retort/contracts';
import { initializersToInputs, writeModel } from '@retort/onnx';
import { type ModelSession, openSession } from '@retort/runtime';
import { AdamW } from './adamw.js';
import { drawBatches } from './batches.js';
import { classesOf } from './loss.js';
import { agreement, evaluate, klToTeacher } from './metrics.js';
import { Parameters } from './parameters.js';
import { runAll } from './predict.js';
import { Random } from './random.js';
import { warmupCosine } from './schedule.js';
import type {
  EpochRecord,
  Examples,
  TrainOptions,
  TrainResult,
  Validation,
  ValidationRecord,
} from './train-options.js';
import type { Weights } from './trainable.js';
import { type Batch, TrainingStep } from './training-step.js';

/** How long training may keep the event loop from messages and timers, ms. */
const YIELD_AFTER = 50;
const PROGRESS_EVERY = 100;
const VALIDATION_BATCH = 256;

/**
 * Trains the model's trainable weights on the examples: AdamW, a warm-up and then a cosine, the gradient clipped to norm 1,
 * batches drawn in a new random order each epoch. The same options on the same machine give the same bytes.
 *
 * Runs in the calling thread, where it waits for the event loop between steps, so that an abort or a message gets through; give it
 * a thread of its own in a service.
 *
 * @throws RetortError `RT_CANCELLED` after `signal`; `RT_TRAINING_DIVERGED` when loss or gradient stop being finite, naming step
 * and learning rate; `RT_INVALID_FIELD` for examples whose sizes do not fit; what `gradient` throws for a model it cannot differentiate.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { model, trainable, loss, validate, threads = 1 } = options;
  const classes = classesOf(model);
  checkExamples(options, classes, 'training');
  if (validate) checkExamples(validate, classes, 'validation');
  const parameters = new Parameters(model, trainable);
  const teacher = options.teacherLogits !== undefined;
  const graph = await TrainingStep.open({ model, trainable }, loss, { teacher, threads });
  const forward = writeModel(initializersToInputs(model, trainable));
  const validation = validate && (await openSession(forward, { threads, placement: 'inline' }));
  try {
    return await runEpochs(options, { classes, parameters, graph, validation });
  } finally {
    await graph.close();
    await validation?.close();
  }
}

interface Run {
  classes: number;
  parameters: Parameters;
  graph: TrainingStep;
  /** The forward graph with the weights as inputs, where there is something to validate on. */
  validation: ModelSession | undefined;
}

async function runEpochs(options: TrainOptions, run: Run): Promise<TrainResult> {
  const { epochs, batchSize, learningRate: peak, warmup = 0.05, weightDecay = 0.01, seed } = options.training;
  const { classes, parameters, graph } = run;
  const optimizer = new AdamW(parameters, { weightDecay });
  const random = new Random(seed);
  const steps = epochs * Math.ceil(options.count / batchSize);
  const pause = pacer(YIELD_AFTER);
  const report = pacer(PROGRESS_EVERY);
  const history: EpochRecord[] = [];
  let best: { epoch: number; weights: Weights } | undefined;
  let step = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const started = performance.now();
    let [lossSum, seen] = [0, 0];
    for (const rows of drawBatches(random, options.count, batchSize, options.lengths)) {
      checkAborted(options.signal);
      const learningRate = warmupCosine(step, steps, peak, warmup);
      const { loss, gradients } = await graph.run(parameters, batchOf(options, rows, classes));
      const norm = optimizer.step(gradients, learningRate);
      step++;
      if (!Number.isFinite(loss) || !Number.isFinite(norm)) throw diverged(step, steps, learningRate, loss, norm);
      lossSum += loss * rows.length;
      seen += rows.length;
      if (report() || step === steps)
        options.onProgress?.({ step, steps, epoch, epochs, loss: lossSum / seen, learningRate });
      if (pause()) await setImmediate();
    }
    const record: EpochRecord = { epoch, loss: lossSum / options.count, seconds: 0 };
    if (options.validate && run.validation) {
      record.validation = await measure(run.validation, parameters, options.validate, classes, options.signal);
    }
    record.seconds = (performance.now() - started) / 1000;
    history.push(record);
    if (isBest(history)) best = { epoch, weights: parameters.snapshot() };
  }
  if (!best) throw new RetortError('RT_INVALID_FIELD', 'training.epochs must be at least 1.');
  return { weights: best.weights, history, bestEpoch: best.epoch };
}

function batchOf(examples: Examples, rows: Int32Array, classes: number): Batch {
  const batch: Batch = { inputs: examples.inputs(rows), labels: rows.map((row) => examples.labels[row]) };
  if (examples.teacherLogits) {
    batch.teacherLogits = new Float32Array(rows.length * classes);
    for (const [i, row] of rows.entries()) {
      batch.teacherLogits.set(examples.teacherLogits.subarray(row * classes, (row + 1) * classes), i * classes);
    }
  }
  return batch;
}

async function measure(
  session: ModelSession,
  parameters: Parameters,
  examples: Validation,
  classes: number,
  signal: AbortSignal | undefined,
): Promise<ValidationRecord> {
  const { labels, teacherLogits } = examples;
  const options = { batchSize: VALIDATION_BATCH, signal, output: 'logits' };
  const logits = await runAll(session, parameters.feeds, examples, options);
  const metric = examples.metric ?? (labels.some((label) => label >= 0) ? 'accuracy' : 'agreement');
  if (metric === 'accuracy') {
    const { accuracy, nll } = evaluate(logits, labels, classes);
    return { metric, value: accuracy, loss: nll };
  }
  if (!teacherLogits) {
    throw new RetortError(
      'RT_INVALID_FIELD',
      'Validation by agreement needs teacherLogits of the validation examples.',
    );
  }
  const loss = klToTeacher(logits, teacherLogits, classes);
  return { metric, value: agreement(logits, teacherLogits, classes), loss };
}

/** Whether the last epoch is the best so far; without validation the last always is. */
function isBest(history: EpochRecord[]): boolean {
  const last = history.at(-1)?.validation;
  if (!last) return true;
  return history.slice(0, -1).every(({ validation: other }) => {
    return !other || last.value > other.value || (last.value === other.value && last.loss < other.loss);
  });
}

/** Says yes when `interval` ms have passed since it last did, or since it was made. */
function pacer(interval: number): () => boolean {
  let last = performance.now();
  return () => {
    const now = performance.now();
    if (now - last < interval) return false;
    last = now;
    return true;
  };
}

function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new RetortError('RT_CANCELLED', 'The training was cancelled.', { cause: signal.reason });
}

function checkExamples({ count, labels, teacherLogits }: Examples, classes: number, which: string): void {
  if (count < 1) throw new RetortError('RT_INVALID_FIELD', `There are no ${which} examples.`);
  if (labels.length !== count) {
    throw new RetortError('RT_INVALID_FIELD', `labels has ${labels.length} entries for ${count} ${which} examples.`);
  }
  const wrong = labels.findIndex((label) => label < -1 || label >= classes);
  if (wrong >= 0) {
    throw new RetortError(
      'RT_INVALID_FIELD',
      `labels[${wrong}] of the ${which} examples is ${labels[wrong]}; it must be -1 or below ${classes}.`,
    );
  }
  if (teacherLogits && teacherLogits.length !== count * classes) {
    throw new RetortError(
      'RT_INVALID_FIELD',
      `teacherLogits has ${teacherLogits.length} values for ${count} ${which} examples of ${classes} classes.`,
    );
  }
}

function diverged(step: number, steps: number, learningRate: number, loss: number, norm: number): RetortError {
  return new RetortError(
    'RT_TRAINING_DIVERGED',
    `At step ${step} of ${steps} (learning rate ${learningRate.toPrecision(3)}) the loss was ${loss} and the gradient's norm ${norm}.`,
  );
}
