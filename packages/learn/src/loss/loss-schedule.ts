import type { LossOptions } from './loss-options.js';

/** The weight of the labels and the temperature that hold for one step. */
export interface LossFactors {
  lambda: number;
  temperature: number;
}

/**
 * λ and T of a step: a function of the step alone, so that a run that is resumed needs no state of it. With the progress
 * p = step / steps in [0, 1), the stage is the first with p < until. `step` takes its values as they are; `linear` goes in a straight line
 * from those of the stage before it (at first from the loss's own), so that its own are reached at its end. What a stage leaves
 * out is the loss's own.
 *
 * @param step 0 for the first @param steps of the whole training
 */
export function lossAt(step: number, steps: number, { schedule, lambda, temperature }: LossOptions): LossFactors {
  if (!schedule) return { lambda, temperature };
  const progress = step / steps;
  let before = { until: 0, lambda, temperature };
  for (const given of schedule.stages) {
    const stage = { lambda, temperature, ...given };
    if (progress < stage.until) {
      if (schedule.interpolation === 'step') return { lambda: stage.lambda, temperature: stage.temperature };
      const share = (progress - before.until) / (stage.until - before.until);
      const between = (from: number, to: number) => from + share * (to - from);
      return {
        lambda: between(before.lambda, stage.lambda),
        temperature: between(before.temperature, stage.temperature),
      };
    }
    before = stage;
  }
  return { lambda: before.lambda, temperature: before.temperature };
}

/** The loss as its schedule leaves it: that of any training after the one that the schedule was of. */
export function settledLoss<Loss extends LossOptions>(loss: Loss): Omit<Loss, 'schedule'> {
  const { schedule: _, ...rest } = loss;
  return { ...rest, ...lossAt(1, 1, loss) };
}

/** Whether no step of such a training learns from the teacher, but from labels alone. */
export function ignoresTeacher({ schedule, lambda }: Pick<LossOptions, 'lambda' | 'schedule'>): boolean {
  if (!schedule) return lambda === 1;
  const staged = schedule.stages.every((stage) => (stage.lambda ?? lambda) === 1);
  return staged && (schedule.interpolation === 'step' || lambda === 1);
}
