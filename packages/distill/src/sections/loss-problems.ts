import type { DistillationSpec, FieldProblem, LossSchedule } from '@retort/contracts';
import { ignoresTeacher } from '@retort/learn';

/** Divergences with parameters: those of the others have no place in a spec. */
const PARAMETERS = ['dkd', 'dist'] as const;

/** The loss with the parameters of its divergence, to be filled with defaults; wrong fields are left to the schema's check. */
export function withParameters(loss: Record<string, unknown>): Record<string, unknown> {
  const own = PARAMETERS.find((name) => name === loss.divergence);
  return own ? { [own]: {}, ...loss } : loss;
}

/** What a loss hands on where its divergence is replaced: all but the parameters of another one. */
export function withDivergence(loss: Record<string, unknown>, divergence: unknown): Record<string, unknown> {
  const foreign = PARAMETERS.filter((name) => name !== divergence) as string[];
  const own = Object.entries(loss).filter(([field]) => !foreign.includes(field));
  return { ...Object.fromEntries(own), divergence };
}

/** What is wrong with the loss between its fields, and with what adjusts the soft labels that it learns from. */
export function lossProblems({ loss, softLabels, curriculum }: DistillationSpec): FieldProblem[] {
  const { divergence, dist, schedule } = loss;
  const problems: FieldProblem[] = [];
  const problem = (path: string, message: string) => problems.push({ path, message });
  for (const name of PARAMETERS) {
    if (name !== divergence && loss[name]) problem(`/loss/${name}`, `is of the divergence "${name}" alone: remove it`);
  }
  if (divergence === 'dist' && dist?.inter === 0 && dist.intra === 0) {
    problem('/loss/dist', 'has inter 0 and intra 0, which teaches nothing: raise one of them');
  }
  if (schedule) problems.push(...scheduleProblems(schedule, divergence === 'logit-mse'));
  const weighted = softLabels !== undefined && softLabels.weighting !== 'none';
  if (ignoresTeacher(loss)) {
    const unused = 'has no effect where lambda is 1 all along, which learns from labels alone: lower it';
    if (divergence !== 'forward-kl') problem('/loss/divergence', unused);
    for (const [field, used] of [
      ['correct', (softLabels?.correct ?? 0) > 0],
      ['sharpen', (softLabels?.sharpen ?? 1) !== 1],
      ['topK', softLabels?.topK !== undefined],
      // Weights and curriculum are by the calibrated teacher also where only labels are learned.
      ['calibrate', softLabels?.calibrate === true && !weighted && curriculum === undefined],
    ] as const) {
      if (used) problem(`/softLabels/${field}`, unused);
    }
  }
  return problems;
}

function scheduleProblems({ stages }: LossSchedule, ignoresTemperature: boolean): FieldProblem[] {
  const problems: FieldProblem[] = [];
  let from = 0;
  for (const [i, { until, temperature }] of stages.entries()) {
    const path = `/loss/schedule/stages/${i}`;
    if (until <= from)
      problems.push({
        path: `${path}/until`,
        message: `must be above that of the stage before (${from}), got ${until}`,
      });
    if (ignoresTemperature && temperature !== undefined) {
      problems.push({ path: `${path}/temperature`, message: 'has no part in the divergence "logit-mse": remove it' });
    }
    from = until;
  }
  if (from !== 1) {
    const path = `/loss/schedule/stages/${stages.length - 1}/until`;
    problems.push({ path, message: `must be 1 in the last stage, got ${from}` });
  }
  return problems;
}
