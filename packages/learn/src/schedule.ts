/**
 * Learning rate of a step: up in a straight line over the first `warmup` share of the steps, then down to zero along half a
 * cosine (Loshchilov & Hutter 2017).
 *
 * @param step 0 for the first. @param warmup 0 to below 1.
 */
export function warmupCosine(step: number, steps: number, peak: number, warmup: number): number {
  const rising = Math.ceil(warmup * steps);
  if (step < rising) return (peak * (step + 1)) / rising;
  const progress = (step - rising) / Math.max(1, steps - rising);
  return (peak * (1 + Math.cos(Math.PI * progress))) / 2;
}
