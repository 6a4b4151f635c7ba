export { type Coalesced, coalesce } from './coalesce.js';
export { type Claim, endCancelled, failDistillation, type Success, succeedDistillation } from './end.js';
export { givenUp, logFailure, type StoredError, toStoredError, workerLost } from './failure.js';
export { finishShard, PROGRESS_INTERVAL_MS, reportShard, type ShardWork, startShard } from './labelling.js';
export {
  finishTrial,
  type NewTrial,
  openTrials,
  releaseTrial,
  startRung,
  startTrial,
  type TrialOutcome,
  type TrialWork,
  trialResults,
} from './searching.js';
export {
  type FurtherSubmission,
  planShards,
  requestCancel,
  type Submission,
  type SubmitContext,
  submitDistillation,
} from './submit.js';
export { type Sweeper, type SweeperContext, type SweeperOptions, startSweeper, sweep } from './sweeper.js';
export { type TaskShard, taskOfShard, tasksOf } from './tasks-of.js';
export {
  beatTeacher,
  cancelTeacher,
  claimTeacher,
  releaseTeacher,
  reportTeacherProgress,
  type TeacherClaim,
  type TrainedTeacher,
  teacherFailed,
  teacherReady,
} from './teacher-state.js';
export { teachersOf } from './teachers-of.js';
export { type ClaimOutcome, claimTraining, releaseTraining, reportProgress } from './training.js';
export { findTransferSet, labellingOf, noteLabelled, noteTransferSet, type StoredTransferSet } from './transfer-set.js';
export { isOver, type Transaction } from './transition.js';
export { beatLabelling, beatSearching, beatTraining, doWatched, type StopReason, type Watched } from './watch.js';
