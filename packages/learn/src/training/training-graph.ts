import { type Differentiated, fuseTransposes, gradient, initializersToInputs } from '@retort/onnx';
import type { FeatureTerm } from '../feature-loss/feature-terms.js';
import { withFeatureLoss } from '../feature-loss/with-feature-loss.js';
import { LOSS, type LossOptions } from '../loss/loss-options.js';
import { type TaskHead, withTaskLosses } from '../loss/task-heads.js';
import { type LossInputs, withLoss } from '../loss/with-loss.js';
import { withMixup } from '../mixup/with-mixup.js';
import type { TrainableModel } from '../trainable.js';
import { withDropout } from './dropout.js';

export interface TrainingGraphOptions extends LossInputs {
  /** Of the masks of `Dropout`. */
  seed: number;
  /** Runs made so far of the training graph, in a training that goes on from a checkpoint; default 0. */
  runs?: number;
  /** Further terms of the loss; default none. */
  features?: readonly FeatureTerm[];
  /** Where the model answers several tasks: see {@link withTaskLosses}. */
  heads?: readonly TaskHead[];
  /** Whether the vectors of texts are mixed, of a model that answers one task: see {@link withMixup}. Default false. */
  mixup?: boolean;
}

/**
 * The graph that a training step runs: the model with its `Dropout` switched on, its trainable weights as inputs, the loss, and the
 * gradients of the weights. Nothing is run, so that it also tells beforehand whether a model can be trained.
 *
 * @returns the graph, and the outputs that hold each weight's gradient
 * @throws RetortError what `gradient` throws for a model it cannot differentiate; `RT_UNSUPPORTED_OP` for `Dropout` before opset 12
 */
export function trainingGraph(
  { model, trainable }: TrainableModel,
  loss: LossOptions,
  { seed, runs = 0, features = [], heads, mixup = false, ...inputs }: TrainingGraphOptions,
): Differentiated {
  const forward = fuseTransposes(initializersToInputs(withDropout(model, seed, runs), trainable));
  const withOneLoss = mixup ? withMixup : withLoss;
  const ofAnswers = heads ? withTaskLosses(forward, heads, loss, inputs) : withOneLoss(forward, loss, inputs);
  return gradient(withFeatureLoss(ofAnswers, features), { loss: LOSS.output, wrt: trainable });
}
