import { type DistillationSpec, type OnProgress, progressOf, RetortError, type TrialResult } from '@retort/contracts';
import { throwIfCancelled } from '../dataset/soft-labels.js';
import { measuredOf, nextTrials, secondsLeft } from './decide.js';
import { planSearch, type SearchPlan, type TrialKey, trialCount, trialSpec } from './search-plan.js';
import { type Selected, select } from './select.js';
import { type TrialOptions, trainTrial } from './train-trial.js';
import { TrialLedger } from './trial-ledger.js';

export interface SearchOptions extends Omit<TrialOptions, 'spec' | 'metric' | 'checkpoint'> {
  spec: DistillationSpec;
  /** File of the results so far, from which a search that was stopped goes on. Default: none is kept. */
  ledger?: string;
}

/**
 * Does the trials of a search one after the other in this process, and chooses. A spec that asks for no search is its own choice.
 *
 * @throws RetortError `RT_CANCELLED` after `signal`; `RT_TRAINING_DIVERGED` where no trial could be measured; `RT_INVALID_CHECKPOINT`
 * for a ledger of another search; what {@link trainTrial} throws, other than a divergence, which only costs its trial
 */
export async function searchSpec({
  ledger: path,
  ...options
}: SearchOptions): Promise<Partial<Selected> & Pick<Selected, 'spec'>> {
  const plan = planSearch(options.spec);
  if (plan === undefined) return { spec: options.spec };
  const teachers = options.teachers.map(({ digest }) => digest);
  const ledger =
    path === undefined ? undefined : new TrialLedger(path, [options.spec, options.lineage.dataset, teachers]);
  let results = (await ledger?.read()) ?? [];
  const tell = teller(plan, options.onProgress, results.length);
  tell(results);
  for (let [next] = nextTrials(plan, results); next !== undefined; [next] = nextTrials(plan, results)) {
    throwIfCancelled(options.signal);
    results = [...results, await runTrial(plan, next, secondsLeft(plan, results), options)];
    await ledger?.write(results);
    tell(results);
  }
  return select(plan, results);
}

/**
 * Does one trial. A divergence, and the end of its time, are results as well.
 *
 * @param seconds after which it is stopped; undefined for never
 */
export async function runTrial(
  plan: SearchPlan,
  key: TrialKey,
  seconds: number | undefined,
  { onProgress: _, signal, ...options }: Omit<SearchOptions, 'ledger'>,
): Promise<TrialResult> {
  const begun = performance.now();
  const ended = () => ({ ...key, seconds: (performance.now() - begun) / 1000 });
  const limit = new AbortController();
  const timer = seconds === undefined ? undefined : setTimeout(() => limit.abort(), 1000 * seconds);
  const { metric } = plan;
  try {
    const stop = signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]);
    const measured = await trainTrial({ ...options, spec: trialSpec(plan, key), metric, signal: stop });
    return { ...ended(), measured };
  } catch (error) {
    throwIfCancelled(signal);
    if (limit.signal.aborted) {
      // Not less than the limit, whatever the timer's clock says: the budget is used up, and the search over.
      const { seconds: took, ...rest } = ended();
      return { ...rest, seconds: Math.max(took, seconds ?? 0), error: 'The minutes of the search were used up.' };
    }
    if (!(error instanceof RetortError) || error.code !== 'RT_TRAINING_DIVERGED') throw error;
    return { ...ended(), error: error.message };
  } finally {
    clearTimeout(timer);
  }
}

/** Reports the search as a stage whose units are trials. A search that its budget ends early is done nevertheless. */
function teller(plan: SearchPlan, onProgress: OnProgress | undefined, from: number) {
  const report = progressOf('searching', trialCount(plan), onProgress, from);
  return (results: readonly TrialResult[]): void => {
    const over = nextTrials(plan, results).length === 0;
    report(over ? trialCount(plan) : results.length, searchNote(plan, results));
  };
}

/** How far a search is, in words: `trial 7 of 20, best 0.941`. */
export function searchNote(plan: SearchPlan, results: readonly TrialResult[]): string {
  const best = measuredOf(results).reduce((most, { measured }) => Math.max(most, measured.value), 0);
  const count = `trial ${results.length} of ${trialCount(plan)}`;
  return best > 0 ? `${count}, best ${best.toFixed(3)}` : count;
}
