import { type DistillationSpec, type Progress, RetortError, type TrialJob, type TrialResult } from '@retort/contracts';
import {
  nextTrials,
  planSearch,
  resolveSpec,
  type SearchPlan,
  type Selected,
  searchNote,
  secondsLeft,
  select as selectBest,
  trialCount,
} from '@retort/distill';
import {
  beatSearching,
  doWatched,
  endCancelled,
  failDistillation,
  finishTrial,
  givenUp,
  isWorthRetrying,
  type JobContext,
  type JobOutcome,
  logFailure,
  releaseTrial,
  startRung,
  startTrial,
  type TrialWork,
  toStoredError,
  trialResults,
  type WaitsFor,
} from '@retort/platform';
import { interruptionCost, type TrainerDeps } from './deps.js';
import { runInThread } from './run-in-thread.js';
import { buffersOf, trainingData } from './training-data.js';

/** What the search of a distillation asks for next: trials to wait for, or, when it is over, the spec to train. */
export type SearchTurn =
  | { kind: 'waits'; for: WaitsFor }
  | { kind: 'over' }
  | { kind: 'found'; found: FoundSpec }
  /** The student is of several tasks, whose spec is never searched. */
  | { kind: 'several tasks' };

/** A spec with nothing left to be searched, and how it was found, where it was searched for. */
export type FoundSpec = Pick<Selected, 'spec'> & Partial<Selected>;

/**
 * Decides from the rows of the trials alone how the search of a distillation goes on, so that it does not matter who asks, or how
 * often.
 */
export async function searchTurn(deps: TrainerDeps, id: string): Promise<SearchTurn> {
  const { database } = deps.context;
  const select = { spec: true, _count: { select: { furtherTasks: true } } };
  const row = await database.prisma.distillation.findUnique({ where: { id }, select });
  if (row === null) return { kind: 'over' };
  if (row._count.furtherTasks > 0) return { kind: 'several tasks' };
  const spec = resolveSpec(row.spec);
  const plan = planSearch(spec);
  if (plan === undefined) return { kind: 'found', found: { spec } };
  const results = await trialResults(database, id);
  const next = nextTrials(plan, results);
  if (next.length === 0) return { kind: 'found', found: selectBest(plan, results) };
  const varied = new Map(plan.candidates.map((candidate) => [candidate.index, candidate.varied]));
  const trials = next.map((key) => ({ ...key, varied: varied.get(key.index) ?? {} }));
  if (!(await startRung(database, id, trials))) return { kind: 'over' };
  return { kind: 'waits', for: { trials: next.map((key) => ({ distillationId: id, ...key })) } };
}

/**
 * Does one job of the queue `trial`. Safe to run twice, also at the same time: the same trial comes to the same figures, and the first
 * result stays.
 *
 * Throws only what the queue shall see: the interruption of a shutdown, or the failure of this attempt.
 */
export async function processTrialJob(deps: TrainerDeps, job: JobContext<'trial'>): Promise<void> {
  const { database, config, logger } = deps.context;
  const { distillationId: id, rung, index } = job.data;
  const log = logger.child({ distillation: id, rung, trial: index });
  const work = await startTrial(database, job.data, config.jobAttempts);
  if (work === undefined) return;
  try {
    const watched = await doWatched(
      {
        beat: () => beatSearching(database, id),
        outer: job.signal,
        onError: (error) => log.warn({ err: error }, 'no heartbeat'),
      },
      (signal) => doTrial(deps, job.data, work, signal),
    );
    if (watched.stopped === 'cancelled') await endCancelled(database, id);
    if (watched.stopped !== undefined) log.info({ why: watched.stopped }, 'trial stopped');
    if (watched.stopped === 'interrupted') {
      if (interruptionCost(job.signal) === undefined) await releaseTrial(database, job.data);
      throw job.signal.reason;
    }
  } catch (error) {
    if (job.signal.aborted) throw error;
    logFailure(log, error, 'trial failed');
    // Every candidate was checked at submission: what blames the spec or the data only now is no matter of one point of the search.
    if (!isWorthRetrying(error)) await failDistillation(database, { id }, toStoredError(error, id));
    else if (job.lastAttempt) {
      await finishTrial(database, job.data, { seconds: 0, error: toStoredError(error, id).detail });
    }
    throw error;
  }
}

/** A trial whose workers died too often ends without its processor: its row has to hear of it, or the search would wait for ever. */
export async function onTrialGivenUp({ context }: TrainerDeps, outcome: JobOutcome<'trial'>): Promise<void> {
  if (outcome.error === undefined || !outcome.final) return;
  const { detail } = givenUp('The trial', outcome.error.message);
  await finishTrial(context.database, outcome.data, { seconds: 0, error: detail });
}

async function doTrial(
  deps: TrainerDeps,
  job: TrialJob,
  { distillation }: TrialWork,
  signal: AbortSignal,
): Promise<void> {
  const { database, config } = deps.context;
  const { rung, index } = job;
  const spec: DistillationSpec = resolveSpec(distillation.spec);
  const plan = planSearch(spec);
  if (plan === undefined) throw new RetortError('RT_INTERNAL', `Distillation ${distillation.id} searches for nothing.`);
  const seconds = secondsLeft(plan, await trialResults(database, distillation.id));
  const data = await trainingData(deps, distillation, signal);
  const {
    rung: _,
    index: __,
    ...outcome
  } = await runInThread(
    'trial',
    { ...data, spec, key: { rung, index }, seconds, threads: config.trainThreads },
    { signal, onProgress: () => undefined, onWarning: () => undefined, transfer: buffersOf(data) },
  );
  await finishTrial(database, job, outcome, (results) => searchProgress(plan, results));
}

/** Trials run side by side, so the rate is that of the trials' own seconds and no time left can be told from it. */
function searchProgress(plan: SearchPlan, results: TrialResult[]): Progress {
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  return {
    ...{ stage: 'searching', done: results.length, total: trialCount(plan) },
    ...{ ratePerSecond: seconds > 0 ? results.length / seconds : 0, secondsLeft: null },
    note: searchNote(plan, results),
  };
}
