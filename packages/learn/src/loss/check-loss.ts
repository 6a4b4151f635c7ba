import { DIVERGENCES, RetortError } from '@retort/contracts/values';
import type { LossOptions } from './loss-options.js';

/**
 * The library's own checks of a loss: looser than the limits of a spec, as callers may have their reasons.
 *
 * @throws RetortError `RT_INVALID_FIELD` naming the option and its range
 */
export function checkLoss(loss: LossOptions): void {
  const { labelSmoothing = 0, divergence = 'forward-kl', schedule, dkd, dist } = loss;
  checkFactors(loss, 'loss');
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throw wrong('loss.labelSmoothing', 'at least 0 and below 1', labelSmoothing);
  if (!DIVERGENCES.includes(divergence)) throw wrong('loss.divergence', `one of ${DIVERGENCES.join(', ')}`, divergence);
  const weights = { 'dkd.beta': dkd?.beta, 'dist.inter': dist?.inter, 'dist.intra': dist?.intra };
  for (const [name, weight] of Object.entries(weights)) {
    if (weight !== undefined && !(weight >= 0 && Number.isFinite(weight)))
      throw wrong(`loss.${name}`, 'at least 0', weight);
  }
  let from = 0;
  for (const [i, stage] of (schedule?.stages ?? []).entries()) {
    const { until } = stage;
    if (!(until > from && until <= 1))
      throw wrong(`loss.schedule.stages[${i}].until`, `above ${from} and at most 1`, until);
    checkFactors({ ...loss, ...stage }, `loss.schedule.stages[${i}]`);
    from = until;
  }
  if (schedule && from !== 1) throw wrong('loss.schedule.stages', 'stages of which the last ends at 1', from);
}

function checkFactors({ lambda, temperature }: LossOptions, where: string): void {
  if (!(lambda >= 0 && lambda <= 1)) throw wrong(`${where}.lambda`, 'from 0 to 1', lambda);
  if (!(temperature > 0 && Number.isFinite(temperature))) throw wrong(`${where}.temperature`, 'above 0', temperature);
}

function wrong(name: string, must: string, value: unknown): RetortError {
  return new RetortError('RT_INVALID_FIELD', `${name} must be ${must}, not ${JSON.stringify(value)}.`);
}
