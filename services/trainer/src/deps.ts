import { type Progress, RetortError, type StoredTeacherManifest } from '@retort/contracts';
import {
  type CanonicalRows,
  type Coalesced,
  type Context,
  coalesce,
  JobInterrupted,
  type ModelFolders,
  PROGRESS_INTERVAL_MS,
  type StoredError,
  workerLost,
} from '@retort/platform';
import type { WorkFolders } from './work-folders.js';

/** What both kinds of jobs of a trainer work with. */
export interface TrainerDeps {
  context: Pick<Context, 'config' | 'database' | 'queues' | 'artifacts' | 'softLabels' | 'logger'>;
  rows: CanonicalRows;
  models: ModelFolders;
  scratch: WorkFolders;
}

/** Writes progress at most every {@link PROGRESS_INTERVAL_MS}, and the last of every stage for sure. */
export function coalesceProgress(
  deps: TrainerDeps,
  id: string,
  write: (p: Progress) => Promise<unknown>,
): Coalesced<Progress> {
  return coalesce<Progress>({
    intervalMs: PROGRESS_INTERVAL_MS,
    key: ({ stage }) => stage,
    write,
    onError: (error) => deps.context.logger.warn({ err: error, subject: id }, 'progress not written'),
  });
}

/** A shutdown costs the job no attempt; losing the lock (a stalled process) does, or it could go on for ever. */
export function interruptionCost(signal: AbortSignal): StoredError | undefined {
  const closing = signal.reason instanceof JobInterrupted && signal.reason.why === 'closing';
  return closing ? undefined : workerLost('The worker was silent for so long that the queue took the job from it.');
}

/** The classifier that answers for a teacher. @throws RetortError `RT_INVALID_TEACHER` while it is not trained */
export function classifierOf(row: { id: string; manifest: unknown }) {
  const { classifier } = row.manifest as StoredTeacherManifest;
  if (classifier === null) throw new RetortError('RT_INVALID_TEACHER', `Teacher ${row.id} is not trained yet.`);
  return classifier;
}
