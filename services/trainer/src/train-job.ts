import { join } from 'node:path';
import type { TrainedStudent } from '@retort/distill';
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
  labellingOf,
  logFailure,
  noteLabelled,
  releaseTraining,
  reportProgress,
  storeFolder,
  succeedDistillation,
  toStoredError,
  type WaitsFor,
} from '@retort/platform';
import { registerModelVersion } from '@retort/registry';
import { claimPatiently } from './claim-patiently.js';
import { coalesceProgress, interruptionCost, type TrainerDeps } from './deps.js';
import { type RunInThreadOptions, runInThread } from './run-in-thread.js';
import { tidyCheckpoints } from './tidy-checkpoints.js';
import { trainSeveral } from './train-several.js';
import { buffersOf, trainingData } from './training-data.js';
import { type FoundSpec, type SearchTurn, searchTurn } from './trial-job.js';

type Distillation = Extract<ClaimOutcome, { kind: 'claimed' }>['distillation'];

/**
 * Does one job of the queue `train`. Safe to be delivered twice: a claim in the database lets one worker at a time train,
 * and success and model version are one transaction. Where the spec is still to be searched, it answers the trials to wait for and
 * does nothing else.
 *
 * Throws only what the queue shall see: the interruption of a shutdown, or the failure of this attempt.
 */
export async function processTrainJob(deps: TrainerDeps, job: JobContext<'train'>): Promise<WaitsFor | undefined> {
  const { database, config, logger } = deps.context;
  const { distillationId: id } = job.data;
  const turn = await searchOn(deps, id);
  if (turn.kind === 'over') return undefined;
  if (turn.kind === 'waits') return turn.for;
  const outcome = await claimPatiently(() => claimTraining(database, id, config.jobAttempts), job.signal);
  if (outcome.kind === 'over') return undefined;
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
      (signal) => {
        const control = { signal, onWarning: (what: string, error: Error) => log.warn({ err: error }, what) };
        return turn.kind === 'found'
          ? train(deps, { claim, distillation, found: turn.found }, control)
          : trainSeveral(deps, { claim, distillation }, control);
      },
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
  return undefined;
}

/** The next turn of the search; a search that nothing can be chosen from ends the distillation. */
async function searchOn(deps: TrainerDeps, id: string): Promise<SearchTurn> {
  try {
    return await searchTurn(deps, id);
  } catch (error) {
    if (isWorthRetrying(error)) throw error;
    await failDistillation(deps.context.database, { id }, toStoredError(error, id));
    return { kind: 'over' };
  }
}

interface Training {
  claim: Claim;
  distillation: Distillation;
  found: FoundSpec;
}

async function train(
  deps: TrainerDeps,
  { claim, distillation, found }: Training,
  control: Pick<RunInThreadOptions, 'signal' | 'onWarning'>,
): Promise<void> {
  const { signal } = control;
  const { database, artifacts } = deps.context;
  await deps.scratch.use(claim, async (folder) => {
    const outDir = join(folder, 'student');
    const trained = await trainInThread(deps, { claim, distillation, found }, outDir, control);
    await noteLabelled(database, claim, trained.metrics);
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
  { claim, distillation, found }: Training,
  outDir: string,
  control: Pick<RunInThreadOptions, 'signal' | 'onWarning'>,
): Promise<TrainedStudent> {
  const { database, config } = deps.context;
  const data = await trainingData(deps, distillation, control.signal);
  const { spec, selection } = found;
  const progress = coalesceProgress(deps, claim.id, (value) => reportProgress(database, claim, value));
  try {
    return await runInThread(
      'student',
      {
        ...data,
        spec,
        outDir,
        labelling: await labellingOf(database, claim.id),
        name: distillation.taskName,
        lineage: { ...data.lineage, ...(selection && { selection }) },
        threads: config.trainThreads,
        checkpoint: { path: deps.scratch.checkpointOf(claim), everySeconds: config.checkpointSeconds },
      },
      { ...control, onProgress: progress.push, transfer: buffersOf(data) },
    );
  } finally {
    await progress.flush();
  }
}
