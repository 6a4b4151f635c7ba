import type { RetortError } from '@retort/contracts/values';

/** Where the state of a training is kept, and how often. */
export interface CheckpointOptions {
  /**
   * The file, in a folder that exists. It is replaced atomically, by the first checkpoint that is made. One training at a time. A
   * file that holds no checkpoint is never replaced: the training fails.
   */
  path: string;
  /** Steps from one checkpoint to the next. Default: by the seconds alone. */
  everySteps?: number;
  /** Seconds from one checkpoint to the next; 0 makes one after every step. Default 60, with `everySteps` none. */
  everySeconds?: number;
  /** Whether to go on from the file where it exists, instead of starting anew and replacing it. Default true. */
  resume?: boolean;
  /** Called when the training goes on from the file. */
  onResume?: (from: { step: number; steps: number }) => void;
  /**
   * Called for a checkpoint that is damaged or of another training, after which this one starts anew, to replace it. Without it, the
   * training fails with the error.
   */
  onRefused?: (error: RetortError) => void;
  /**
   * Called when a checkpoint cannot be written, after which the training goes on without. Without it, the training fails with the
   * error, unless it had ended already.
   */
  onSaveFailed?: (error: RetortError) => void;
}
