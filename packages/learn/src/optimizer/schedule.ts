/** How the learning rate goes on from its peak. */
export type Schedule = 'constant' | 'linear' | 'cosine' | 'one-cycle';

export interface ScheduleOptions {
  schedule: Schedule;
  /** Steps of the whole training, at least 1. */
  steps: number;
  /** Highest learning rate. */
  peak: number;
  /** Share of the steps over which the learning rate rises: 0 to below 1. Default {@link WARMUP} of the schedule. */
  warmup?: number;
}

const WARMUP: Record<Schedule, number> = { constant: 0.05, linear: 0.05, cosine: 0.05, 'one-cycle': 0.3 };

/** One-cycle starts at peak / 25 and ends at that / 10⁴. */
const ONE_CYCLE_START = 25;
const ONE_CYCLE_END = 1e4;

/**
 * Learning rate of a step: a function of the step alone, so that a run that is resumed needs no state of it.
 *
 * All but one-cycle rise over r = ⌈warmup · steps⌉ steps by η(t) = peak · (t + 1) / r. From there, with
 * p = (t - r) / (steps - r) in [0, 1):
 *
 *     constant   peak
 *     linear     peak · (1 - p)
 *     cosine     peak · (1 + cos πp) / 2                                   (Loshchilov & Hutter 2017)
 *
 * `one-cycle` (Smith 2018, in the form with two half cosines that PyTorch's OneCycleLR has by default): with
 * r = warmup · steps - 1, from peak / 25 up to peak at step r, then down to peak / (25 · 10⁴) at the last step, both along
 * to + (from - to) · (1 + cos πp) / 2. The momentum stays as it is.
 *
 * @param step 0 for the first
 */
export function learningRateAt(step: number, options: ScheduleOptions): number {
  const { schedule, steps, peak, warmup = WARMUP[schedule] } = options;
  if (schedule === 'one-cycle') return oneCycle(step, steps, peak, warmup);
  const rising = Math.ceil(warmup * steps);
  if (step < rising) return (peak * (step + 1)) / rising;
  const progress = (step - rising) / Math.max(1, steps - rising);
  switch (schedule) {
    case 'constant':
      return peak;
    case 'linear':
      return peak * (1 - progress);
    case 'cosine':
      return halfCosine(peak, 0, progress);
  }
}

function oneCycle(step: number, steps: number, peak: number, warmup: number): number {
  const start = peak / ONE_CYCLE_START;
  const top = Math.max(0, warmup * steps - 1);
  if (step < top) return halfCosine(start, peak, step / top);
  return halfCosine(peak, start / ONE_CYCLE_END, (step - top) / Math.max(1, steps - 1 - top));
}

/** From `from` at progress 0 to `to` at progress 1. */
function halfCosine(from: number, to: number, progress: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * progress))) / 2;
}
