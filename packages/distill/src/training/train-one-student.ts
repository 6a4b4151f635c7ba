import type { DistillationSpec, OnProgress } from '@retort/contracts';
import {
  type EpochRecord,
  type StageCheckpoint,
  stagedTraining,
  type TaskHead,
  type TrainingExamples,
  type TrainingPart,
  type TrainOptions,
  train,
  type Validation,
  type Weights,
  withWeights,
} from '@retort/learn';
import type { FeatureTraining } from '../features/feature-training.js';
import type { StudentDraft } from '../student/student-draft.js';

export interface TrainOneOptions {
  draft: StudentDraft;
  /** The training rows as this draft reads them; their `teacherLogits` are the soft labels to learn from. */
  examples: TrainingExamples & Pick<TrainOptions, 'curriculum'>;
  /** By which the best epoch is chosen: against the teacher, whatever is learned from. */
  validation: Validation;
  /** Opened for the draft, where it learns features too; the caller closes them. */
  features?: FeatureTraining;
  /** Where the draft, behind `withTaskMask`, answers several tasks. */
  heads?: readonly TaskHead[];
  spec: Pick<DistillationSpec, 'loss' | 'training'>;
  /** Which of several trainings of the job it is; absent: the only one. */
  part?: TrainingPart;
  checkpoint?: StageCheckpoint;
  threads?: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

export interface TrainedOne {
  /** The draft with the weights of its best epoch. */
  trained: StudentDraft;
  /** They alone, by name. */
  weights: Weights;
  history: EpochRecord[];
  /** 1-based. */
  bestEpoch: number;
}

/**
 * Trains one student on one set of soft labels. Every student of a job comes from here: the only one, each assistant, each depth of
 * one that grows, one of several tasks. Where its checkpoint is of a training that has ended, its weights are read from there and no step is made.
 *
 * @throws RetortError what `train` throws
 */
export async function trainOneStudent(options: TrainOneOptions): Promise<TrainedOne> {
  const { draft, examples, validation, features, heads, spec, threads, signal } = options;
  const { model, trainable } = draft;
  const result = await train({
    ...(features?.training ?? { model, trainable }),
    ...examples,
    heads,
    loss: spec.loss,
    // Patience waits for validation: without any row to validate on there is nothing to be impatient about.
    training: validation.count > 0 ? spec.training : { ...spec.training, patience: 0 },
    validate: validation.count > 0 ? validation : undefined,
    ...stagedTraining('training', options),
    threads,
    signal,
  });
  const { history, bestEpoch } = result;
  const weights = features?.withoutProjections(result.weights) ?? result.weights;
  return { trained: { ...draft, model: withWeights(model, weights) }, weights, history, bestEpoch };
}
