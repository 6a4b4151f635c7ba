import type { StudentBudget, TrialMeasures, TrialResult } from '@retort/contracts';
import { paretoFronts } from './pareto-front.js';
import type { SearchPlan, TrialKey } from './search-plan.js';

/** A trial that was measured. */
export type Measured = TrialResult & { measured: TrialMeasures };

type Decided = Pick<SearchPlan, 'method' | 'rungs' | 'candidates' | 'seconds' | 'budget'>;

/**
 * The trials that are to be done now, best candidates first: those of the present rung that have no result yet. Depends on the plan and
 * the results alone, in whatever order they come: a process that is started again, or another worker, decides the same.
 *
 * @returns none when the search is over: its last rung is done, its time is used up, or fewer than two candidates are left to compare
 */
export function nextTrials(plan: Decided, results: readonly TrialResult[]): TrialKey[] {
  if (secondsLeft(plan, results) === 0) return [];
  let members = plan.candidates.map(({ index }) => index);
  for (const rung of plan.rungs.keys()) {
    if (rung > 0) {
      const reached = measuredOf(results).filter(
        (result) => result.rung === rung - 1 && members.includes(result.index),
      );
      members = ranked(plan, onOneClock(reached))
        .slice(0, plan.rungs[rung].trials)
        .map(({ index }) => index);
      if (members.length < 2) return [];
    }
    const done = new Set(results.filter((result) => result.rung === rung).map(({ index }) => index));
    const open = members.filter((index) => !done.has(index));
    if (open.length > 0) return open.map((index) => ({ index, rung }));
  }
  return [];
}

/**
 * Seconds that trials may still take; undefined for as long as they like. The budget only counts from the first measured trial on: a
 * search never ends with nothing.
 */
export function secondsLeft({ seconds }: Pick<SearchPlan, 'seconds'>, results: readonly TrialResult[]) {
  if (seconds === undefined || measuredOf(results).length === 0) return undefined;
  return Math.max(0, seconds - results.reduce((sum, result) => sum + result.seconds, 0));
}

export function measuredOf(results: readonly TrialResult[]): Measured[] {
  return results.filter((result): result is Measured => result.measured !== undefined);
}

/** Of each candidate the result of the highest rung that it was measured in. */
export function latest(results: readonly TrialResult[]): Measured[] {
  const found = new Map<number, Measured>();
  for (const result of measuredOf(results)) {
    const known = found.get(result.index);
    if (known === undefined || known.rung < result.rung) found.set(result.index, result);
  }
  return [...found.values()].sort((a, b) => a.index - b.index);
}

/**
 * Latencies that can be compared. Each trial was timed in turns with the teacher, so its ratio to it holds however busy the machine was,
 * and whichever it was; the teacher's median over all trials gives the ratios a common unit.
 */
export function onOneClock(results: readonly Measured[]): Measured[] {
  const teacher = results.map(({ measured }) => measured.latencyMs * measured.speedup).sort((a, b) => a - b);
  const median = teacher[teacher.length >> 1];
  return results.map((result) => ({
    ...result,
    measured: { ...result.measured, latencyMs: median / result.measured.speedup },
  }));
}

/**
 * Results, the best first. Of a sweep by the metric. Where the student is chosen, costs count too: those within the budget come before
 * the others, then come the students that none beats in accuracy, latency and size at once, then those that only they beat, and so on.
 */
export function ranked({ method, budget = {} }: Decided, results: readonly Measured[]): Measured[] {
  const byValue = results.toSorted(byMetric);
  if (method !== 'auto') return byValue;
  const meets = (result: Measured) => excess(result.measured, budget) <= 1;
  return [byValue.filter(meets), byValue.filter((result) => !meets(result))].flatMap((part) =>
    paretoFronts(part, costsOf).flat(),
  );
}

/** The better metric first; of equal ones the student nearer to the teacher, then the one that trained longer. */
function byMetric(a: Measured, b: Measured): number {
  return (
    b.measured.value - a.measured.value || a.measured.loss - b.measured.loss || b.rung - a.rung || a.index - b.index
  );
}

/** What a student costs: errors, milliseconds, bytes. */
export function costsOf({ measured: { value, latencyMs, bytes } }: Measured): number[] {
  return [1 - value, latencyMs, bytes];
}

/** How many times the budget a student costs, by its worst limit: at most 1 where it meets the budget; 0 where there is none. */
export function excess(
  { latencyMs, bytes }: Pick<TrialMeasures, 'latencyMs' | 'bytes'>,
  budget: StudentBudget,
): number {
  return Math.max(
    budget.latencyMs === undefined ? 0 : latencyMs / budget.latencyMs,
    budget.bytes === undefined ? 0 : bytes / budget.bytes,
  );
}
