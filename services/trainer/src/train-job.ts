import { join } from 'node:path';
import { RetortError, type Row } from '@retort/contracts';
import { type AskedTeacher, inputHash, resolveSpec, type TrainedStudent } from '@retort/distill';
import {
  beatTraining,
  type Claim,
  type ClaimOutcome,
  claimTraining,
  doWatched,
  endCancelled,
  failDistillation,
  isWorthRetrying,
  type JobContext,
  logFailure,
  noteLabelled,
  releaseTraining,
  reportProgress,
  storeFolder,
  succeedDistillation,
  teachersOf,
  toStoredError,
} from '@retort/platform';
import { registerModelVersion } from '@retort/registry';
import { claimPatiently } from './claim-patiently.js';
import { classifierOf, coalesceProgress, interruptionCost, type TrainerDeps } from './deps.js';
import { type RunInThreadOptions, runInThread } from './run-in-thread.js';
import { tidyCheckpoints } from './tidy-checkpoints.js';
import { readTransferRows } from './transfer-set.js';

type Distillation = Extract<ClaimOutcome, { kind: 'claimed' }>['distillation'];

/**
 * Does one job of the queue `train`. Safe to be delivered twice: a claim in the database lets one worker at a time train,
 * and success and model version are one transaction.
 *
 * Throws only what the queue shall see: the interruption of a shutdown, or the failure of this attempt.
 */
export async function processTrainJob(deps: TrainerDeps, job: JobContext<'train'>): Promise<void> {
  const { database, config, logger } = deps.context;
  const { distillationId: id } = job.data;
  const outcome = await claimPatiently(() => claimTraining(database, id, config.jobAttempts), job.signal);
  if (outcome.kind === 'over') return;
  const { claim, distillation } = outcome;
  const log = logger.child({ distillation: id, attempt: claim.attempt });
  log.info('training');
  try {
    const watched = await doWatched(
      {
        beat: () => beatTraining(database, claim),
        outer: job.signal,
        onError: (error) => log.warn({ err: error }, 'no heartbeat'),
      },
      (signal) =>
        train(deps, claim, distillation, { signal, onWarning: (what, error) => log.warn({ err: error }, what) }),
    );
    if (watched.stopped !== undefined) log.info({ why: watched.stopped }, 'training stopped');
    if (watched.stopped === 'cancelled') await endCancelled(database, id);
    if (watched.stopped === 'interrupted') {
      await releaseTraining(database, claim, interruptionCost(job.signal));
      throw job.signal.reason;
    }
  } catch (error) {
    if (job.signal.aborted) throw error;
    logFailure(log, error, 'training failed');
    const final = !isWorthRetrying(error) || job.lastAttempt || claim.attempt >= config.jobAttempts;
    if (final) await failDistillation(database, claim, toStoredError(error, id));
    else await releaseTraining(database, claim, toStoredError(error, id));
    throw error;
  } finally {
    await tidyCheckpoints(deps);
  }
}

async function train(
  deps: TrainerDeps,
  claim: Claim,
  distillation: Distillation,
  control: Pick<RunInThreadOptions, 'signal' | 'onWarning'>,
): Promise<void> {
  const { signal } = control;
  const { database, artifacts } = deps.context;
  await deps.scratch.use(claim, async (folder) => {
    const outDir = join(folder, 'student');
    const trained = await trainInThread(deps, claim, distillation, outDir, control);
    await noteLabelled(database, claim, trained.selected);
    const files = await storeFolder(artifacts, outDir, { signal });
    const { metrics, lineage, digest } = trained;
    const { id: distillationId, taskName } = distillation;
    const succeeded = await succeedDistillation(database, claim, {
      metrics,
      register: (tx) => registerModelVersion(tx, { distillationId, taskName, digest, files, lineage, metrics }),
    });
    // Not ours any more, or cancelled at the last moment: which of them, the row knows.
    if (!succeeded) await endCancelled(database, claim.id);
  });
}

async function trainInThread(
  deps: TrainerDeps,
  claim: Claim,
  distillation: Distillation,
  outDir: string,
  control: Pick<RunInThreadOptions, 'signal' | 'onWarning'>,
): Promise<TrainedStudent> {
  const { database, config } = deps.context;
  const { dataset, taskName } = distillation;
  // Stored by whatever version took the request: what it did not know yet gets its default.
  const spec = resolveSpec(distillation.spec);
  const given = await deps.rows.read(dataset.rowsDigest, 0, dataset.rows, control.signal);
  const made = await readTransferRows(deps, claim.id, spec, control.signal);
  const rows = [...given, ...made];
  const teachers = await readTeachers(deps, teachersOf(distillation), rows);
  const progress = coalesceProgress(deps, claim.id, (value) => reportProgress(database, claim, value));
  try {
    return await runInThread(
      'student',
      {
        rows,
        generated: made.length,
        teachers,
        spec,
        outDir,
        name: taskName,
        lineage: {
          dataset: { id: dataset.id, digest: dataset.rowsDigest, rows: dataset.rows },
          distillationId: claim.id,
        },
        threads: config.trainThreads,
        checkpoint: { path: deps.scratch.checkpointOf(claim), everySeconds: config.checkpointSeconds },
      },
      { ...control, onProgress: progress.push, transfer: teachers.map(({ logits }) => logits.buffer as ArrayBuffer) },
    );
  } finally {
    await progress.flush();
  }
}

/** What every teacher answered, in their order, and the folders that they answer from. */
async function readTeachers(
  deps: TrainerDeps,
  teachers: ReturnType<typeof teachersOf>,
  rows: Row[],
): Promise<AskedTeacher[]> {
  const asked: AskedTeacher[] = [];
  for (const teacher of teachers) {
    const { id, name, labels } = teacher;
    const digest = teacher.digest as string;
    const logits = await readSoftLabels(deps, digest, labels.length, rows);
    asked.push({ id, name, labels, digest, logits, dir: await deps.models.get(classifierOf(teacher).files) });
  }
  return asked;
}

/** `[rows, classes]`, row-major: what the teacher answered for every row, from the soft-label cache. */
async function readSoftLabels(deps: TrainerDeps, digest: string, classes: number, rows: Row[]): Promise<Float32Array> {
  const hashes = rows.map(({ text }) => inputHash(text));
  const found = await deps.context.softLabels.get(digest, hashes);
  const logits = new Float32Array(rows.length * classes);
  let missing = 0;
  for (const [i, row] of found.entries()) {
    if (row?.length === classes) logits.set(row, i * classes);
    else missing++;
  }
  if (missing > 0) {
    throw new RetortError(
      'RT_INTERNAL',
      `${missing} of ${rows.length} texts have no soft labels though labelling has ended.`,
    );
  }
  return logits;
}
