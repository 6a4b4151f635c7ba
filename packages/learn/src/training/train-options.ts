import type { CheckpointOptions } from '../checkpoint/checkpoint-options.js';
import type { TrainingExamples, Validation } from '../examples.js';
import type { FeatureTerm } from '../feature-loss/feature-terms.js';
import type { LossOptions } from '../loss/loss-options.js';
import type { TaskHead } from '../loss/task-heads.js';
import type { EpochRecord } from '../measure/history.js';
import type { TrainableModel, Weights } from '../trainable.js';
import type { CurriculumOptions } from './curriculum.js';
import type { TrainingSettings } from './training-settings.js';

export interface TrainingProgress {
  /** Steps taken so far, of `steps`. */
  step: number;
  steps: number;
  /** Epoch that is running, 1-based. */
  epoch: number;
  epochs: number;
  /** Mean loss of the epoch so far. */
  loss: number;
  learningRate: number;
}

export interface TrainOptions extends TrainableModel, TrainingExamples {
  /** Without `teacherLogits` only the cross-entropy is used, with weight 1. */
  loss: LossOptions;
  /** Further terms of the loss, fed by `targets`: see `withFeatureLoss`. Their projections are among `trainable`. */
  features?: readonly FeatureTerm[];
  training: TrainingSettings;
  /** Easy rows first. Default: all rows from the first epoch on. */
  curriculum?: CurriculumOptions;
  /** Factor on the learning rate of single weights, by name, at least 0; default 1. For layer-wise decay in fine-tuning. */
  rates?: ReadonlyMap<string, number>;
  validate?: Validation;
  /** Where the model answers several tasks, behind `withTaskMask`: a row's loss is then that of its own task alone. */
  heads?: readonly TaskHead[];
  /** Where to keep the state of the training, to go on from after a crash or an abort. */
  checkpoint?: CheckpointOptions;
  signal?: AbortSignal;
  /** Called at most every 100 ms, and after the last step. */
  onProgress?: (progress: TrainingProgress) => void;
  /** Threads of each kernel; default 1. */
  threads?: number;
}

export interface TrainResult {
  /**
   * The best epoch's weights (the last epoch's without validation), averaged where `training.averageDecay` says so: pass to
   * `withWeights`.
   */
  weights: Weights;
  /** Shorter than `training.epochs` where `training.patience` was used up. */
  history: EpochRecord[];
  /** 1-based. */
  bestEpoch: number;
}
