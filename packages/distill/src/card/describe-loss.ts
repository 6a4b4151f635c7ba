import type { DistillationSpec, LossSpec, Temperatures } from '@retort/contracts';

/** What stands behind (1 - λ), T² with it where it applies. */
const DIVERGENCES: Record<LossSpec['divergence'], (loss: LossSpec) => string> = {
  'forward-kl': () => 'T² · KL(teacher‖student)',
  'reverse-kl': () => 'T² · KL(student‖teacher)',
  'jensen-shannon': () => 'T² · JS(teacher, student)',
  dkd: ({ dkd }) => `T² · DKD(β = ${dkd?.beta})`,
  dist: ({ dist }) => `DIST(inter ${dist?.inter}, intra ${dist?.intra})`,
  'logit-mse': () => 'MSE(logits)/2',
};

/** The loss as a formula in words. */
export function describeLoss(loss: LossSpec): string {
  const { lambda, temperature, labelSmoothing, divergence, schedule } = loss;
  const smoothing = labelSmoothing > 0 ? ` (labels smoothed by ${labelSmoothing})` : '';
  const rest = Number((1 - lambda).toFixed(6));
  const formula = `${lambda} · CE${smoothing} + ${rest} · ${DIVERGENCES[divergence](loss)}`;
  const softened = divergence === 'logit-mse' ? formula : `${formula}, T = ${temperature}`;
  if (!schedule) return softened;
  const stages = schedule.stages.map(
    (stage) =>
      `λ ${stage.lambda ?? lambda}, T ${stage.temperature ?? temperature} until ${Number((100 * stage.until).toFixed(1))}%`,
  );
  return `${softened}; then, ${schedule.interpolation === 'step' ? 'in steps' : 'in straight lines'}: ${stages.join('; ')}`;
}

/**
 * What was done to the soft labels, in the order it was done; empty where nothing was.
 *
 * @param temperatures as measured, where it is told
 */
export function describeSoftLabels({ softLabels }: DistillationSpec, temperatures?: Partial<Temperatures>): string {
  if (!softLabels) return '';
  const { calibrate, correct, sharpen, topK, weighting } = softLabels;
  const temperature = temperatures?.softLabels;
  const divided = temperature === undefined ? '' : ` (T = ${temperature.toFixed(3)})`;
  return [
    ...(calibrate ? [`calibrated on validation rows${divided}`] : []),
    ...(correct > 0 ? [`where wrong, mixed with ${correct} of the label`] : []),
    ...(sharpen !== 1 ? [`to the power of ${sharpen}`] : []),
    ...(topK === undefined ? [] : [`the ${topK} highest kept`]),
    ...(weighting === 'none' ? [] : [`rows weighted by ${weighting}`]),
  ].join(', ');
}

/** Which rows came first; empty where all did. */
export function describeCurriculum({ curriculum }: DistillationSpec): string {
  if (!curriculum) return '';
  const { by, start, until, pacing } = curriculum;
  return `the easiest ${Number((100 * start).toFixed(1))}% of the rows (by the teacher's ${by}) first, all after ${Number((100 * until).toFixed(1))}% of the epochs (${pacing})`;
}
