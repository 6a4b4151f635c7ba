import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Measurement, WARM_UP_STEPS } from './measurement.ts';
import { runJson } from './run-json.ts';
import type { ReferenceShape } from './shapes.ts';

/** Debian's Python, whatever else is first on PATH. */
const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('../torch/train.py', import.meta.url));
/** OpenBLAS with threads of its own; Debian's other builds of it are slower or have one thread. */
const OPENBLAS = /openblas-pthread/;

export interface TorchVersions {
  torch: string;
  openblas: string;
}

/** The versions of PyTorch and OpenBLAS that would be run, or why there is nothing to compare with. */
export async function findTorch(): Promise<TorchVersions | { skipped: string }> {
  if (!existsSync(PYTHON)) return { skipped: `there is no ${PYTHON}` };
  const run = promisify(execFile);
  try {
    const probe = 'import torch; print(torch.__version__); print(open("/proc/self/maps").read())';
    const [torch, ...maps] = (await run(PYTHON, ['-c', probe], { maxBuffer: 2 ** 26 })).stdout.split('\n');
    if (!maps.some((line) => OPENBLAS.test(line))) {
      return { skipped: `PyTorch ${torch} does not run on Debian's libopenblas0-pthread` };
    }
    const openblas = /libopenblasp-r([\d.]+)\.so/.exec(maps.join('\n'))?.[1] ?? 'unknown';
    return { torch, openblas };
  } catch {
    return { skipped: `${PYTHON} cannot import torch (Debian's packages: python3-torch, libopenblas0-pthread)` };
  }
}

/**
 * How idle OpenMP threads wait: spinning for a while, as is their default, or asleep. PyTorch's own kernels run on OpenMP's threads,
 * its products on OpenBLAS's, and on few cores the ones that spin take time from the others. Both are tried, the better one counts.
 */
export const WAIT_POLICIES = ['default', 'passive'] as const;
export type WaitPolicy = (typeof WAIT_POLICIES)[number];

/** Measures some steps of the same shape in PyTorch. */
export function measureTorch(
  shape: ReferenceShape,
  { steps, threads, waitPolicy }: { steps: number; threads: number; waitPolicy: WaitPolicy },
): Promise<Measurement> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    OMP_NUM_THREADS: String(threads),
    OPENBLAS_NUM_THREADS: String(threads),
  };
  if (waitPolicy === 'passive') env.OMP_WAIT_POLICY = 'passive';
  else delete env.OMP_WAIT_POLICY;
  const job = { shape, steps, warmUp: WARM_UP_STEPS, threads };
  // OpenBLAS then takes the best kernel for this processor; train.py checks that it computes rightly.
  delete env.OPENBLAS_CORETYPE;
  return runJson<Measurement>(PYTHON, ['-B', SCRIPT, JSON.stringify(job)], env);
}
