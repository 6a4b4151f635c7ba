import { setImmediate } from 'node:timers/promises';
import type { TrainingSpec } from '@retort/contracts';
import { RetortError } from '@retort/contracts/values';
import type { Checkpoints } from '../checkpoint/checkpoint.js';
import { nextEpoch, type Progressing, type RunState } from '../checkpoint/run-state.js';
import { lossAt } from '../loss/loss-schedule.js';
import { type EpochRecord, epochsWithoutGain, isBest } from '../measure/history.js';
import { drawMixing, mixingInputs } from '../mixup/mixing.js';
import { createOptimizer } from '../optimizer/create-optimizer.js';
import { Gradients } from '../optimizer/gradients.js';
import type { MovingAverage } from '../optimizer/moving-average.js';
import type { Optimizer } from '../optimizer/optimizer.js';
import type { Parameters } from '../optimizer/parameters.js';
import { learningRateAt } from '../optimizer/schedule.js';
import { Random } from '../random.js';
import type { Weights } from '../trainable.js';
import { drawBatches, paddedLength, stepsOf } from './batches.js';
import { Curriculum } from './curriculum.js';
import type { TrainOptions, TrainResult } from './train-options.js';
import type { Batch, TrainingStep } from './training-step.js';
import type { Validator } from './validation.js';

/** How long training may keep the event loop from messages and timers, ms. */
const YIELD_AFTER = 50;
const PROGRESS_EVERY = 100;

/** What a loop works with; all of it opened by the caller, who closes it. */
export interface LoopParts {
  classes: number;
  settings: TrainingSpec;
  parameters: Parameters;
  average: MovingAverage | undefined;
  graph: TrainingStep;
  validator: Validator | undefined;
  checkpoints: Checkpoints | undefined;
}

/**
 * Epochs, steps and what comes between them. `state` changes only when a step, or an epoch, is over as a whole: whenever the loop
 * stops, it tells where to go on.
 */
export class TrainingLoop {
  /** Of the whole training, when it is not stopped early. */
  readonly steps: number;
  readonly #options: TrainOptions;
  readonly #parts: LoopParts;
  readonly #optimizer: Optimizer;
  readonly #gradients: Gradients;
  readonly #longest: number;
  readonly #curriculum: Curriculum | undefined;
  /** Divides the rows' weights, so that their mean is 1. */
  readonly #meanWeight: number;
  readonly #pause = pacer(YIELD_AFTER);
  readonly #report = pacer(PROGRESS_EVERY);
  #run: Progressing;

  constructor(options: TrainOptions, parts: LoopParts, start: Progressing) {
    const { settings, parameters } = parts;
    const { optimizer: kind, weightDecay, momentum, nesterov } = settings;
    this.#options = options;
    this.#parts = parts;
    this.#run = start;
    this.#optimizer = createOptimizer(parameters, { kind, weightDecay, momentum, nesterov, rates: options.rates });
    this.#gradients = new Gradients(parameters);
    this.#longest = options.lengths?.reduce((most, length) => Math.max(most, length), 0) ?? 0;
    this.#curriculum = options.curriculum && new Curriculum(options.curriculum, settings);
    this.#meanWeight = options.weights?.reduce((sum, weight) => sum + weight / options.count, 0) ?? 1;
    this.steps = stepsOf(settings, options.count, options.curriculum);
  }

  /** Goes on from where the run stands to its end. */
  async run(): Promise<TrainResult> {
    try {
      while (!this.#isOver()) await this.#epoch();
    } catch (error) {
      // Also the last: where it cannot be written, the one before still stands, and the caller is to hear of the cancellation.
      if (error instanceof RetortError && error.code === 'RT_CANCELLED') await this.#save(true);
      throw error;
    }
    const { state, best } = this.#run;
    return { weights: best ?? this.#parts.parameters.snapshot(), history: state.history, bestEpoch: state.bestEpoch };
  }

  #isOver(): boolean {
    const { epochs, patience, minDelta } = this.#parts.settings;
    const { epoch, history } = this.#run.state;
    return epoch > epochs || (patience > 0 && epochsWithoutGain(history, minDelta) >= patience);
  }

  async #epoch(): Promise<void> {
    const { batchSize, accumulate } = this.#parts.settings;
    const { count, lengths } = this.#options;
    const rows = this.#curriculum?.rows(this.#run.state.epoch) ?? Int32Array.from({ length: count }, (_, i) => i);
    const random = Random.from(this.#run.state.random);
    const batches = drawBatches(random, rows, batchSize, lengths);
    let since = performance.now();
    for (let { position } = this.#run.state; position < batches.length; position += accumulate) {
      await this.#step(batches.slice(position, position + accumulate));
      const now = performance.now();
      this.#run.state.seconds += (now - since) / 1000;
      since = now;
      const { step } = this.#run.state;
      if (this.#parts.checkpoints?.isDue(step)) await this.#save(step === this.steps);
      if (this.#pause()) await setImmediate();
    }
    await this.#endEpoch(random, since);
  }

  /** One step by the mean gradient over all rows of `batches`. */
  async #step(batches: Int32Array[]): Promise<void> {
    const { settings, parameters, average, graph } = this.#parts;
    const { state } = this.#run;
    const learningRate = this.#learningRate(state.step);
    const rows = batches.reduce((sum, batch) => sum + batch.length, 0);
    let lossSum = 0;
    this.#gradients.clear();
    for (const [i, batch] of batches.entries()) {
      checkAborted(this.#options.signal);
      const { loss, gradients } = await graph.run(parameters, await this.#batchOf(batch, state.runs + i));
      this.#gradients.add(gradients, batch.length / rows);
      lossSum += loss * batch.length;
    }
    const norm = this.#gradients.norm();
    const step = state.step + 1;
    if (!Number.isFinite(lossSum) || !Number.isFinite(norm)) {
      throw diverged(step, this.steps, learningRate, lossSum / rows, norm);
    }
    average?.before(step, this.#gradients);
    this.#optimizer.step(this.#gradients, {
      step,
      learningRate,
      scale: norm > settings.clipNorm ? settings.clipNorm / norm : 1,
    });
    average?.after(step, this.#gradients);

    this.#run.state = {
      ...state,
      ...{ step, position: state.position + batches.length, runs: state.runs + batches.length },
      ...{ lossSum: state.lossSum + lossSum, rows: state.rows + rows },
    };
    if (this.#report() || step === this.steps) this.#tell(this.#run.state);
  }

  #learningRate(step: number): number {
    const { learningRate: peak, schedule, warmup } = this.#parts.settings;
    return learningRateAt(step, { schedule, steps: this.steps, peak, warmup });
  }

  #tell({ step, epoch, lossSum, rows }: RunState): void {
    const { epochs } = this.#parts.settings;
    const learningRate = this.#learningRate(step - 1);
    this.#options.onProgress?.({ step, steps: this.steps, epoch, epochs, loss: lossSum / rows, learningRate });
  }

  async #endEpoch(random: Random, since: number): Promise<void> {
    const { parameters, average, validator } = this.#parts;
    const { state } = this.#run;
    average?.settle(state.step);
    const record: EpochRecord = { epoch: state.epoch, loss: state.lossSum / state.rows, seconds: 0 };
    if (validator) record.validation = await validator.measure(parameters, this.#options.signal);
    record.seconds = state.seconds + (performance.now() - since) / 1000;
    const history = [...state.history, record];
    let best: Weights | undefined = this.#run.best;
    let { bestEpoch } = state;
    if (isBest(history)) {
      bestEpoch = state.epoch;
      // Without validation the last epoch's weights are the result: no copy is due before the end.
      if (validator) best = parameters.snapshot();
    }
    this.#run = { state: { ...nextEpoch(state, random.state()), history, bestEpoch }, best };
    if (!this.#isOver()) return;
    if (state.step < this.steps) this.#tell(state);
    await this.#save(true);
  }

  async #save(isLast: boolean): Promise<void> {
    const { parameters, average, checkpoints } = this.#parts;
    await checkpoints?.save(this.#run, parameters, average, isLast);
  }

  /** @param run runs made of the training graph before */
  async #batchOf(rows: Int32Array, run: number): Promise<Batch> {
    const { inputs, labels, lengths, teacherLogits, weights, loss, targets } = this.#options;
    const { classes, settings } = this.#parts;
    const { mixup: alpha, seed } = settings;
    const length = lengths && paddedLength(rows, lengths, this.#longest);
    const batch: Batch = { inputs: inputs(rows, length), labels: rows.map((row) => labels[row]) };
    if (teacherLogits) {
      batch.teacherLogits = new Float32Array(rows.length * classes);
      for (const [i, row] of rows.entries()) {
        batch.teacherLogits.set(teacherLogits.subarray(row * classes, (row + 1) * classes), i * classes);
      }
    }
    if (weights) batch.weights = Float32Array.from(rows, (row) => weights[row] / this.#meanWeight);
    if (teacherLogits && loss.schedule) batch.factors = lossAt(this.#run.state.step, this.steps, loss);
    if (alpha > 0) batch.mixing = mixingInputs(drawMixing(rows.length, { alpha, seed, run }));
    if (targets) batch.targets = await targets.of(rows, length);
    return batch;
  }
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

function diverged(step: number, steps: number, learningRate: number, loss: number, norm: number): RetortError {
  return new RetortError(
    'RT_TRAINING_DIVERGED',
    `At step ${step} of ${steps} (learning rate ${learningRate.toPrecision(3)}) the loss was ${loss} and the gradient's norm ${norm}.`,
  );
}
