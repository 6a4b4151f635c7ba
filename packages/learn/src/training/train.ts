import { Checkpoints } from '../checkpoint/checkpoint.js';
import { initialState } from '../checkpoint/run-state.js';
import { classesOf } from '../loss/with-loss.js';
import { MovingAverage } from '../optimizer/moving-average.js';
import { OPTIMIZER_STATES } from '../optimizer/optimizer-states.js';
import { Parameters } from '../optimizer/parameters.js';
import { checkOptions } from './check-options.js';
import { runIdentity } from './identify-run.js';
import type { TrainOptions, TrainResult } from './train-options.js';
import { TrainingLoop } from './training-loop.js';
import { resolveSettings } from './training-settings.js';
import { TrainingStep } from './training-step.js';
import { Validator } from './validation.js';

/**
 * Trains the model's trainable weights on the examples: the gradient is clipped by its norm, batches are drawn in a new random
 * order each epoch, and `Dropout` nodes, the identity elsewhere, drop. The same options on the same machine with the same
 * threads give the same bytes, also when the training was stopped, by `signal` or by the end of the process, and goes on from its checkpoint.
 *
 * Runs in the calling thread, where it waits for the event loop between steps, so that an abort or a message gets through; give it
 * a thread of its own in a service.
 *
 * @throws RetortError `RT_CANCELLED` after `signal` (a checkpoint of the last whole step is left where `checkpoint` asks for one);
 * `RT_TRAINING_DIVERGED` when loss or gradient stop being finite, naming step and learning rate; `RT_INVALID_FIELD` for settings out
 * of their range and examples whose sizes do not fit; `RT_INVALID_CHECKPOINT` for a checkpoint that is damaged or of another
 * training, saying what differs; `RT_INVALID_MODEL` where weights and optimizer need more than 4 GiB; what `gradient` throws for a
 * model it cannot differentiate.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { model, trainable, loss, validate, threads = 1 } = options;
  const settings = resolveSettings(options.training);
  const classes = classesOf(model);
  checkOptions(options, classes);
  const checkpoints = options.checkpoint && new Checkpoints(options.checkpoint, runIdentity(options, settings));

  const opened: { close(): Promise<void> }[] = [];
  const opening = <T extends { close(): Promise<void> }>(resource: T): T => {
    opened.push(resource);
    return resource;
  };
  try {
    const found = await checkpoints?.find();
    if (found) opening(found);
    const teacher = options.teacherLogits !== undefined;
    const { features, heads, weights } = options;
    const weighted = weights !== undefined;
    const mixup = settings.mixup > 0;
    const stepping = {
      teacher,
      weighted,
      features,
      heads,
      mixup,
      seed: settings.seed,
      runs: found?.state.runs,
      threads,
    };
    const graph = opening(await TrainingStep.open({ model, trainable }, loss, stepping));
    const parameters = new Parameters(model, trainable, {
      states: OPTIMIZER_STATES[settings.optimizer],
      tables: graph.tables,
      accumulated: settings.accumulate > 1,
      averaged: settings.averageDecay > 0,
    });
    const average = settings.averageDecay > 0 ? new MovingAverage(parameters, settings.averageDecay) : undefined;
    const validator =
      validate && opening(await Validator.open(options, validate, { classes, threads, batchSize: settings.batchSize }));
    const start = found
      ? await found.restore(parameters, average)
      : { state: initialState(settings.seed), best: undefined };
    const parts = { classes, settings, parameters, average, graph, validator, checkpoints };
    const loop = new TrainingLoop(options, parts, start);
    if (found) options.checkpoint?.onResume?.({ step: start.state.step, steps: loop.steps });
    return await loop.run();
  } finally {
    await Promise.all(opened.map((resource) => resource.close()));
  }
}
