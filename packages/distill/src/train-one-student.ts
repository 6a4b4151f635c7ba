import type { DistillationSpec, OnProgress } from '@retort/contracts';
import {
  type EpochRecord,
  type StageCheckpoint,
  stagedTraining,
  type TrainingPart,
  train,
  withWeights,
} from '@retort/learn';
import type { StudentDraft } from './draft-student.js';
import type { EncodedRows } from './encoded-rows.js';
import type { RowParts } from './split-rows.js';

export interface TrainOneOptions {
  draft: StudentDraft;
  /** The rows as this draft reads them, with what the teacher answered for each. */
  encoded: EncodedRows;
  parts: RowParts;
  /** `[training rows, labels]`: the soft labels to learn from. Validation is by the teacher's. */
  targets: Float32Array;
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
  history: EpochRecord[];
  /** 1-based. */
  bestEpoch: number;
}

/**
 * Trains one student on one set of soft labels. Every student of a job comes from here: the only one, each assistant, each depth of
 * one that grows. Where its checkpoint is of a training that has ended, its weights are read from there and no step is made.
 *
 * @throws RetortError what `train` throws
 */
export async function trainOneStudent(options: TrainOneOptions): Promise<TrainedOne> {
  const { draft, encoded, parts, targets, spec, threads, signal } = options;
  const validation = encoded.examples(parts.valid);
  const { weights, history, bestEpoch } = await train({
    model: draft.model,
    trainable: draft.trainable,
    ...encoded.examples(parts.train),
    teacherLogits: targets,
    loss: spec.loss,
    // Patience waits for validation: without any row to validate on there is nothing to be impatient about.
    training: validation.count > 0 ? spec.training : { ...spec.training, patience: 0 },
    validate: validation.count > 0 ? validation : undefined,
    ...stagedTraining('training', options),
    threads,
    signal,
  });
  return { trained: { ...draft, model: withWeights(draft.model, weights) }, history, bestEpoch };
}
