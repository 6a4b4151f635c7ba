import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { measureEngine } from './engine.ts';
import type { Measurement } from './measurement.ts';
import { reportShape, reportTorch, type ShapeReport, type TrainReport } from './report.ts';
import type { ReferenceShape } from './shapes.ts';
import { findTorch, measureTorch, type TorchVersions, WAIT_POLICIES, type WaitPolicy } from './torch.ts';
import { whyNot } from './workload.ts';

export interface BenchTrainOptions {
  shapes: readonly ReferenceShape[];
  /** Measured steps of each process. */
  steps: number;
  /** Processes per shape, in turn with PyTorch's. */
  rounds: number;
  threads: number;
  /** Whether PyTorch trains the same shapes in between. */
  torch: boolean;
  /** Told what is being measured. */
  onProgress: (line: string) => void;
}

/** Measures training at the given shapes. Those that cannot be measured here are reported as skipped, with the reason. */
export async function benchTrain(options: BenchTrainOptions): Promise<TrainReport> {
  const date = new Date().toISOString();
  const torch = options.torch ? await findTorch() : undefined;
  const shapes: TrainReport['shapes'] = {};
  for (const shape of options.shapes) {
    const reason = whyNot(shape);
    shapes[shape.name] = reason === undefined ? await benchShape(shape, options, torch) : { skipped: reason };
  }
  const onnxruntime = (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version;
  return {
    shapes,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      platform: `${process.platform}-${process.arch}`,
    },
    versions: { node: process.versions.node, onnxruntime, ...(torch && 'torch' in torch ? torch : {}) },
    date,
  };
}

async function benchShape(
  shape: ReferenceShape,
  { steps, rounds, threads, onProgress }: BenchTrainOptions,
  torch: TorchVersions | { skipped: string } | undefined,
): Promise<ShapeReport> {
  const ours: Measurement[] = [];
  const theirs: Record<WaitPolicy, Measurement[]> = { default: [], passive: [] };
  for (let round = 1; round <= rounds; round++) {
    onProgress(`${shape.name}, round ${round} of ${rounds}`);
    ours.push(await measureEngine(shape, { steps, threads }));
    if (torch === undefined || 'skipped' in torch) continue;
    for (const waitPolicy of WAIT_POLICIES) {
      onProgress(`${shape.name}, round ${round} of ${rounds}: PyTorch (waiting: ${waitPolicy})`);
      theirs[waitPolicy].push(await measureTorch(shape, { steps, threads, waitPolicy }));
    }
  }
  const report = reportShape(shape, threads, ours);
  if (torch === undefined) return report;
  return { ...report, torch: 'skipped' in torch ? torch : reportTorch(report, theirs) };
}
