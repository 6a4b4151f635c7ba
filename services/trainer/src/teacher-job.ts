import { join } from 'node:path';
import { RetortError, type StoredTeacherManifest } from '@retort/contracts';
import {
  beatTeacher,
  type Claim,
  claimTeacher,
  doWatched,
  isWorthRetrying,
  type JobContext,
  logFailure,
  releaseTeacher,
  reportTeacherProgress,
  storeFolder,
  type TeacherClaim,
  teacherFailed,
  teacherReady,
  toStoredError,
} from '@retort/platform';
import { answerDigest } from '@retort/teachers';
import { claimPatiently } from './claim-patiently.js';
import { coalesceProgress, interruptionCost, type TrainerDeps } from './deps.js';
import { runInThread } from './run-in-thread.js';

type Teacher = Extract<TeacherClaim, { kind: 'claimed' }>['teacher'];

/**
 * Does one job of the queue `teacher`: trains the head of an encoder, after which the teacher is a classifier like any
 * other. Safe to be delivered twice, as {@link processTrainJob} is.
 */
export async function processTeacherJob(deps: TrainerDeps, job: JobContext<'teacher'>): Promise<void> {
  const { database, config, logger } = deps.context;
  const { teacherId: id } = job.data;
  const outcome = await claimPatiently(() => claimTeacher(database, id, config.jobAttempts), job.signal);
  if (outcome.kind === 'over') return;
  const { claim, teacher } = outcome;
  const log = logger.child({ teacher: id, attempt: claim.attempt });
  log.info('training a head');
  try {
    const watched = await doWatched(
      {
        beat: () => beatTeacher(database, claim),
        outer: job.signal,
        onError: (error) => log.warn({ err: error }, 'no heartbeat'),
      },
      (signal) => trainHead(deps, claim, teacher, signal),
    );
    if (watched.stopped !== undefined) log.info({ why: watched.stopped }, 'training stopped');
    if (watched.stopped === 'interrupted') {
      await releaseTeacher(database, claim, interruptionCost(job.signal));
      throw job.signal.reason;
    }
  } catch (error) {
    if (job.signal.aborted) throw error;
    logFailure(log, error, 'training a head failed');
    const final = !isWorthRetrying(error) || job.lastAttempt || claim.attempt >= config.jobAttempts;
    if (final) await teacherFailed(database, claim, toStoredError(error, id));
    else await releaseTeacher(database, claim, toStoredError(error, id));
    throw error;
  }
}

async function trainHead(deps: TrainerDeps, claim: Claim, teacher: Teacher, signal: AbortSignal): Promise<void> {
  const { database, artifacts, config } = deps.context;
  const { dataset } = teacher;
  const stored = teacher.manifest as unknown as StoredTeacherManifest;
  if (dataset === null || stored.head === undefined) {
    throw new RetortError(
      'RT_INVALID_TEACHER',
      `Teacher ${teacher.id} is an encoder without a dataset to train its head on.`,
    );
  }
  const { seed } = stored.head;
  const rows = await deps.rows.read(dataset.rowsDigest, 0, dataset.rows, signal);
  const encoderDir = await deps.models.get(stored.source.files);
  const progress = coalesceProgress(deps, claim.id, (value) => reportTeacherProgress(database, claim, value));
  await deps.scratch.use(claim, async (folder) => {
    const outDir = join(folder, 'teacher');
    const options = { encoderDir, outDir, rows, seed, pooling: stored.pooling, threads: config.trainThreads };
    try {
      const { manifest, metrics } = await runInThread('teacher-head', options, { signal, onProgress: progress.push });
      await progress.flush();
      const files = await storeFolder(artifacts, outDir, { signal });
      await teacherReady(database, claim, {
        digest: answerDigest(files),
        labels: manifest.labels ?? [],
        manifest: { ...stored, classifier: { ...manifest, files } },
        metrics,
      });
    } finally {
      await progress.flush();
    }
  });
}
