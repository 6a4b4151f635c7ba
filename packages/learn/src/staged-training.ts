import { type OnProgress, type Progress, progressOf } from '@retort/contracts';
import type { CheckpointOptions } from './checkpoint.js';
import type { TrainOptions } from './train-options.js';

/** Where a job keeps the state of its training: that it goes on from there is told as progress. */
export type StageCheckpoint = Omit<CheckpointOptions, 'onResume'>;

/**
 * The options by which `train` tells of itself as one stage of a job: how many steps are done and are left, and at which step it
 * was resumed, so that the steps of an earlier attempt do not count as speed.
 */
export function stagedTraining(
  stage: Progress['stage'],
  { checkpoint, onProgress }: { checkpoint?: StageCheckpoint; onProgress?: OnProgress },
): Pick<TrainOptions, 'checkpoint' | 'onProgress'> {
  let report: ReturnType<typeof progressOf> | undefined;
  return {
    checkpoint: checkpoint && {
      ...checkpoint,
      onResume: ({ step, steps }) => {
        report = progressOf(stage, steps, onProgress, step);
        report(step, `resumed at step ${step}`);
      },
    },
    onProgress: ({ step, steps, epoch, loss }) => {
      report ??= progressOf(stage, steps, onProgress);
      report(step, `epoch ${epoch}, loss ${loss.toFixed(3)}`);
    },
  };
}
