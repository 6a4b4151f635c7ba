import { type OnProgress, type Progress, progressOf } from '@retort/contracts/values';
import type { CheckpointOptions } from '../checkpoint/checkpoint-options.js';
import type { TrainOptions } from './train-options.js';

/** Where a job keeps the state of its training: that it goes on from there is told as progress. */
export type StageCheckpoint = Omit<CheckpointOptions, 'onResume'>;

/** One of several trainings that a user sees as one stage. */
export interface TrainingPart {
  /** What it is called before each note, for example `assistant 1 of 2`. */
  label: string;
  /** Steps of the parts before it. */
  before: number;
  /** Steps of all parts. */
  total: number;
}

/**
 * The options by which `train` tells of itself as one stage of a job, or as a part of one: how many steps are done and are left, and at
 * which step it was resumed, so that the steps of an earlier attempt do not count as speed.
 */
export function stagedTraining(
  stage: Progress['stage'],
  { checkpoint, onProgress, part }: { checkpoint?: StageCheckpoint; onProgress?: OnProgress; part?: TrainingPart },
): Pick<TrainOptions, 'checkpoint' | 'onProgress'> {
  const { before = 0, total } = part ?? {};
  const noteOf = (text: string) => (part ? `${part.label}: ${text}` : text);
  let report: ReturnType<typeof progressOf> | undefined;
  return {
    checkpoint: checkpoint && {
      ...checkpoint,
      onResume: ({ step, steps }) => {
        report = progressOf(stage, total ?? steps, onProgress, before + step);
        report(before + step, noteOf(`resumed at step ${step}`));
      },
    },
    onProgress: ({ step, steps, epoch, loss }) => {
      report ??= progressOf(stage, total ?? steps, onProgress, before);
      report(before + step, noteOf(`epoch ${epoch}, loss ${loss.toFixed(3)}`));
    },
  };
}
