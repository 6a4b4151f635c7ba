import { type Measurement, pool } from './measurement.ts';
import { flopsPerStep, type ReferenceShape } from './shapes.ts';
import { median } from './statistics.ts';
import type { TorchVersions, WaitPolicy } from './torch.ts';

/** The peer on the same shape, in turn with ours. */
export interface TorchReport {
  /** With the better of the ways in which idle threads wait. */
  msPerStep: number;
  msPerStepByWaitPolicy: Record<WaitPolicy, number>;
  sgemmGflops: number;
  peakRssBytes: number;
  /** Our time per step as a share of PyTorch's. */
  ratio: number;
  /** Our peak memory as a share of PyTorch's. */
  peakRssRatio: number;
}

export interface ShapeReport {
  /** Median. */
  msPerStep: number;
  samplesPerSecond: number;
  flopsPerStep: number;
  /** Median rate of ONNX Runtime's own product of two 1024 x 1024 matrices. */
  sgemmGflops: number;
  /** Smallest and largest of the medians that each process measured before and after training: how much the machine drifted. */
  sgemmDrift: [number, number];
  /** (flopsPerStep / time per step) / sgemmGflops. */
  utilization: number;
  peakRssBytes: number;
  threads: number;
  /** Trained weights. */
  parameters: number;
  /** Steps behind the median. */
  steps: number;
  torch?: TorchReport | { skipped: string };
}

/** What `npm run bench -- train --json` prints and `--save` keeps. */
export interface TrainReport {
  shapes: Record<string, ShapeReport | { skipped: string }>;
  machine: { cpu: string; cores: number; platform: string };
  versions: { node: string; onnxruntime: string } & Partial<TorchVersions>;
  /** ISO 8601, when the run began. */
  date: string;
}

/** @param rounds one measurement per process */
export function reportShape(shape: ReferenceShape, threads: number, rounds: readonly Measurement[]): ShapeReport {
  const { stepsMs, sgemmGflops, peakRssBytes, parameters } = pool(rounds);
  const msPerStep = median(stepsMs);
  const flops = flopsPerStep(shape);
  const bound = median(sgemmGflops);
  const halves = rounds.flatMap(({ sgemmGflops: rates }) => [
    median(rates.slice(0, rates.length / 2)),
    median(rates.slice(rates.length / 2)),
  ]);
  return {
    msPerStep,
    samplesPerSecond: (1000 * shape.batch) / msPerStep,
    flopsPerStep: flops,
    sgemmGflops: bound,
    sgemmDrift: [Math.min(...halves), Math.max(...halves)],
    utilization: flops / (msPerStep / 1000) / (bound * 1e9),
    peakRssBytes,
    threads,
    parameters,
    steps: stepsMs.length,
  };
}

/** @throws Error when the two did not train models of one size. */
export function reportTorch(ours: ShapeReport, rounds: Record<WaitPolicy, readonly Measurement[]>): TorchReport {
  const all = pool([...rounds.default, ...rounds.passive]);
  if (all.parameters !== ours.parameters) {
    throw new Error(`PyTorch trains ${all.parameters} weights where the engine trains ${ours.parameters}.`);
  }
  const medianOf = (policy: WaitPolicy) => median(pool(rounds[policy]).stepsMs);
  const msPerStepByWaitPolicy = { default: medianOf('default'), passive: medianOf('passive') };
  const better: WaitPolicy = msPerStepByWaitPolicy.passive < msPerStepByWaitPolicy.default ? 'passive' : 'default';
  // The memory too is that of the runs whose time counts: of more runs the largest peak would be larger.
  const { sgemmGflops, peakRssBytes } = pool(rounds[better]);
  const msPerStep = msPerStepByWaitPolicy[better];
  return {
    msPerStep,
    msPerStepByWaitPolicy,
    sgemmGflops: median(sgemmGflops),
    peakRssBytes,
    ratio: ours.msPerStep / msPerStep,
    peakRssRatio: ours.peakRssBytes / peakRssBytes,
  };
}
