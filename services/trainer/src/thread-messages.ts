import type { Progress, TrialResult } from '@retort/contracts';
import type {
  SearchOptions,
  TrainedStudent,
  TrainedTasks,
  TrainFromTeachersOptions,
  TrainTasksOptions,
  TrialKey,
} from '@retort/distill';
import type { WireError } from '@retort/runtime';
import type { FineTuned, FineTuneOptions, TrainedTeacherHead, TrainTeacherHeadOptions } from '@retort/teachers';

/** What only lives on one side of a thread boundary: the signal becomes a message, the callbacks too. */
type Sendable<Options> = Omit<Options, 'signal' | 'onProgress' | 'checkpoint'>;

/** Where a job keeps the state of its training. */
export interface JobCheckpoint {
  path: string;
  everySeconds: number;
}

/** What a training thread can be asked to do, as its `workerData`. */
export interface Tasks {
  student: { options: Sendable<TrainFromTeachersOptions> & { checkpoint: JobCheckpoint }; result: TrainedStudent };
  tasks: { options: Sendable<TrainTasksOptions> & { checkpoint: JobCheckpoint }; result: TrainedTasks };
  trial: {
    /** `seconds` that it may take; undefined for as long as it likes. */
    options: Sendable<Omit<SearchOptions, 'ledger'>> & { key: TrialKey; seconds: number | undefined };
    result: TrialResult;
  };
  'teacher-head': { options: Sendable<TrainTeacherHeadOptions>; result: TrainedTeacherHead };
  'fine-tune': { options: Sendable<FineTuneOptions> & { checkpoint: JobCheckpoint }; result: FineTuned };
}

export type TaskKind = keyof Tasks;

export type Task = { [K in TaskKind]: { kind: K; options: Tasks[K]['options'] } }[TaskKind];

export type ToThread = { type: 'abort' };

/** What a training goes on in spite of. */
export type TrainingWarning = 'checkpoint refused, starting anew' | 'checkpoint not saved';

export type FromThread =
  | { type: 'progress'; progress: Progress }
  | { type: 'warning'; warning: TrainingWarning; error: WireError }
  | { type: 'done'; result: Tasks[TaskKind]['result'] }
  | { type: 'failed'; error: WireError };
