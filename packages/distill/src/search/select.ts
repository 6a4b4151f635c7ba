import {
  type DistillationSpec,
  type FrontPoint,
  RetortError,
  type Selection,
  type StudentBudget,
  type TrialResult,
} from '@retort/contracts';
import { costsOf, excess, latest, type Measured, measuredOf, onOneClock, ranked } from './decide.js';
import { paretoFront } from './pareto-front.js';
import { candidateOf, type SearchPlan } from './search-plan.js';

export interface Selected {
  /** To be trained in full and measured on the test rows. */
  spec: DistillationSpec;
  selection: Selection;
}

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
const milliseconds = (ms: number) => `${ms.toFixed(ms < 1 ? 3 : 2)} ms`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;

/**
 * Chooses from the results of a search that is over.
 *
 * @throws RetortError `RT_TRAINING_DIVERGED` where no trial could be measured, with the first one's reason
 */
export function select(plan: SearchPlan, results: readonly TrialResult[]): Selected {
  const finished = onOneClock(latest(results));
  if (finished.length === 0) {
    throw new RetortError(
      'RT_TRAINING_DIVERGED',
      `No trial of the search could be measured. ${results[0]?.error ?? ''}`,
    );
  }
  const front = paretoFront(finished, costsOf).sort((a, b) => a.measured.latencyMs - b.measured.latencyMs);
  const { result, reason } = plan.method === 'auto' ? withinBudget(plan, finished, front) : bestOf(plan, finished);
  const { spec, varied } = candidateOf(plan.candidates, result.index);
  return {
    spec,
    selection: {
      method: plan.method,
      metric: plan.metric,
      validationRows: result.measured.rows,
      trials: results.length,
      failed: results.length - measuredOf(results).length,
      front: front.map((point) => frontPoint(plan, point)),
      chosen: { index: result.index, value: result.measured.value, varied },
      reason,
    },
  };
}

function frontPoint({ candidates }: SearchPlan, { index, measured }: Measured): FrontPoint {
  const { value, epochs, latencyMs, bytes } = measured;
  return { index, student: candidateOf(candidates, index).spec.student, value, epochs, latencyMs, bytes };
}

function bestOf(plan: SearchPlan, finished: Measured[]): { result: Measured; reason: string } {
  const [result, second] = ranked(plan, finished);
  const { value, rows, epochs } = result.measured;
  const next = second === undefined ? '' : `; the next best came to ${percent(second.measured.value)}`;
  return {
    result,
    reason:
      `It had the best ${plan.metric} of ${finished.length} candidates on ${rows} validation rows: ${percent(value)} after ` +
      `${epochs} epochs${next} (the standard error of such a figure is ${percent(standardError(result))}).`,
  };
}

/**
 * The most accurate within the budget; of those that are as accurate as it, within the standard error, the fastest. Where nothing meets
 * the budget, the one that misses it by the least factor.
 */
function withinBudget(
  { budget = {}, metric }: SearchPlan,
  finished: Measured[],
  front: Measured[],
): { result: Measured; reason: string } {
  const legal = front.filter(({ measured }) => excess(measured, budget) <= 1);
  const limits = limitsOf(budget);
  if (legal.length === 0) {
    const result = finished.reduce((a, b) => (excess(b.measured, budget) < excess(a.measured, budget) ? b : a));
    const over = excess(result.measured, budget).toFixed(2);
    return {
      result,
      reason:
        `No candidate meets the budget (${limits}). This one comes closest: ${figures(result)}, ${over} times what is ` +
        `allowed, with ${metric} ${percent(result.measured.value)} on ${result.measured.rows} validation rows.`,
    };
  }
  const best = legal.reduce((a, b) => (b.measured.value > a.measured.value ? b : a));
  const error = standardError(best);
  const result = legal
    .filter(({ measured }) => measured.value >= best.measured.value - error)
    .reduce((a, b) => (b.measured.latencyMs < a.measured.latencyMs ? b : a));
  const scope = limits === '' ? `of ${finished.length} candidates` : `of the candidates within the budget (${limits})`;
  const { value, rows } = result.measured;
  const why =
    result === best
      ? `It has the best ${metric} ${scope}: ${percent(value)} on ${rows} validation rows, ${figures(result)}.`
      : `It is the fastest ${scope} whose ${metric} on ${rows} validation rows, ${percent(value)}, is within one standard error ` +
        `(${percent(error)}) of the best, ${percent(best.measured.value)}: ${figures(result)} against ${figures(best)}.`;
  return { result, reason: why };
}

/** Of a share that was counted on n rows: √(p(1-p)/n). */
function standardError({ measured: { value, rows } }: Measured): number {
  return Math.sqrt((value * (1 - value)) / rows);
}

function limitsOf({ latencyMs, bytes }: StudentBudget): string {
  return [
    ...(latencyMs === undefined ? [] : [milliseconds(latencyMs)]),
    ...(bytes === undefined ? [] : [megabytes(bytes)]),
  ].join(', ');
}

function figures({ measured: { latencyMs, bytes } }: Measured): string {
  return `${milliseconds(latencyMs)}, ${megabytes(bytes)}`;
}
