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
import { answerDigest, type FineTuned, type TrainedTeacherHead } from '@retort/teachers';
import { claimPatiently } from './claim-patiently.js';
import { coalesceProgress, interruptionCost, type TrainerDeps } from './deps.js';
import { type RunInThreadOptions, runInThread } from './run-in-thread.js';
import { tidyCheckpoints } from './tidy-checkpoints.js';

type Teacher = Extract<TeacherClaim, { kind: 'claimed' }>['teacher'];

/**
 * Does one job of the queue `teacher`: trains the head of an encoder, or fine-tunes all of it, after which the teacher is a
 * classifier like any other. Safe to be delivered twice, as {@link processTrainJob} is. A fine-tuning that was interrupted goes on
 * from its checkpoint where the next attempt finds it.
 */
export async function processTeacherJob(deps: TrainerDeps, job: JobContext<'teacher'>): Promise<void> {
  const { database, config, logger } = deps.context;
  const { teacherId: id } = job.data;
  const outcome = await claimPatiently(() => claimTeacher(database, id, config.jobAttempts), job.signal);
  if (outcome.kind === 'over') return;
  const { claim, teacher } = outcome;
  const log = logger.child({ teacher: id, attempt: claim.attempt });
  log.info('training a teacher');
  try {
    const watched = await doWatched(
      {
        beat: () => beatTeacher(database, claim),
        outer: job.signal,
        onError: (error) => log.warn({ err: error }, 'no heartbeat'),
      },
      (signal) =>
        trainTeacher(deps, claim, teacher, { signal, onWarning: (what, error) => log.warn({ err: error }, what) }),
    );
    if (watched.stopped !== undefined) log.info({ why: watched.stopped }, 'training stopped');
    if (watched.stopped === 'interrupted') {
      await releaseTeacher(database, claim, interruptionCost(job.signal));
      throw job.signal.reason;
    }
  } catch (error) {
    if (job.signal.aborted) throw error;
    logFailure(log, error, 'training a teacher failed');
    const final = !isWorthRetrying(error) || job.lastAttempt || claim.attempt >= config.jobAttempts;
    if (final) await teacherFailed(database, claim, toStoredError(error, id));
    else await releaseTeacher(database, claim, toStoredError(error, id));
    throw error;
  } finally {
    await tidyCheckpoints(deps);
  }
}

async function trainTeacher(
  deps: TrainerDeps,
  claim: Claim,
  teacher: Teacher,
  control: Pick<RunInThreadOptions, 'signal' | 'onWarning'>,
): Promise<void> {
  const { database, artifacts } = deps.context;
  const stored = teacher.manifest as unknown as StoredTeacherManifest;
  const progress = coalesceProgress(deps, claim.id, (value) => reportTeacherProgress(database, claim, value));
  await deps.scratch.use(claim, async (folder) => {
    const outDir = join(folder, 'teacher');
    try {
      const { manifest, metrics } = await learn(deps, claim, teacher, {
        outDir,
        ...control,
        onProgress: progress.push,
      });
      await progress.flush();
      const files = await storeFolder(artifacts, outDir, { signal: control.signal });
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

/** Leaves the classifier in `outDir`. */
async function learn(
  deps: TrainerDeps,
  claim: Claim,
  { id, dataset, manifest }: Teacher,
  { outDir, ...control }: { outDir: string } & RunInThreadOptions,
): Promise<Pick<TrainedTeacherHead | FineTuned, 'manifest' | 'metrics'>> {
  const { source, head, train, pooling } = manifest as unknown as StoredTeacherManifest;
  const seed = (head ?? train)?.seed;
  if (dataset === null || seed === undefined) {
    throw new RetortError('RT_INVALID_TEACHER', `Teacher ${id} is an encoder without a dataset to train it on.`);
  }
  const rows = await deps.rows.read(dataset.rowsDigest, 0, dataset.rows, control.signal);
  const encoderDir = await deps.models.get(source.files);
  const { trainThreads: threads, checkpointSeconds: everySeconds } = deps.context.config;
  const options = { encoderDir, outDir, rows, seed, pooling, threads };
  if (train === undefined) return runInThread('teacher-head', options, control);
  const checkpoint = { path: deps.scratch.checkpointOf(claim), everySeconds };
  return runInThread('fine-tune', { ...options, spec: train.spec, checkpoint }, control);
}
