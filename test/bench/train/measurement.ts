/** Steps before the first that counts: buffers are allocated, code is compiled. */
export const WARM_UP_STEPS = 5;

/** What one process measured. */
export interface Measurement {
  /** Wall time of each step after the warm-up, ms. */
  stepsMs: number[];
  /** Rates of the bound's products, before and after training, GFLOP/s. */
  sgemmGflops: number[];
  /** The most memory that the process had resident up to the end of training. */
  peakRssBytes: number;
  /** Trained weights. */
  parameters: number;
}

/** What several processes measured, as one. */
export function pool(measurements: readonly Measurement[]): Measurement {
  return {
    stepsMs: measurements.flatMap(({ stepsMs }) => stepsMs),
    sgemmGflops: measurements.flatMap(({ sgemmGflops }) => sgemmGflops),
    peakRssBytes: Math.max(...measurements.map(({ peakRssBytes }) => peakRssBytes)),
    parameters: measurements[0].parameters,
  };
}
