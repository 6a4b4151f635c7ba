import { train } from '@retort/learn';
import type { ReferenceShape } from '../train/shapes.ts';
import { median } from '../train/statistics.ts';
import { workloadOf } from '../train/workload.ts';
import { type ProfileEvent, profileFirstSession } from './profile-session.ts';

/** Where the time of one training step goes, ms. */
export interface StepBreakdown {
  shape: string;
  threads: number;
  /** Wall time of the step, profiled. */
  msPerStep: number;
  /** Kernels by operator, slowest first. The loss belongs to the forward pass. */
  operators: { op: string; forward: number; backward: number }[];
  /** Inside ONNX Runtime, but in no kernel. */
  betweenKernels: number;
  /** In JavaScript: inputs, wrapped and copied tensors, clipping, the optimizer. */
  outsideGraph: number;
}

const WARM_UP_STEPS = 5;
const STEPS = 15;
/** What `gradient` calls the nodes that it appends begins so; ONNX Runtime keeps the names of the nodes that it fuses. */
const BACKWARD = 'grad/';
/** Of a kernel's event. */
const KERNEL = '_kernel_time';

/** Profiles some training steps of a shape and takes apart the one of median duration. */
export async function recordStepBreakdown(shape: ReferenceShape, threads: number): Promise<StepBreakdown> {
  const last = WARM_UP_STEPS + STEPS;
  const options = workloadOf(shape, { steps: last + 1, threads });
  const { inputs } = options;
  const calls: number[] = [];
  const events = await profileFirstSession((stop) =>
    train({
      ...options,
      inputs: (rows) => {
        if (calls.push(performance.now()) === last + 1) stop();
        return inputs(rows);
      },
    }),
  );
  const steps = runsOf(events)
    .slice(WARM_UP_STEPS)
    .map((run, i) => ({ ...run, ms: calls[WARM_UP_STEPS + i + 1] - calls[WARM_UP_STEPS + i] }));
  const middle = median(steps.map(({ ms }) => ms));
  const step = steps.find(({ ms }) => ms === middle);
  if (!step) throw new Error(`The profile has ${steps.length} steps; ${STEPS} were run.`);
  return { shape: shape.name, threads, ...takeApart(step) };
}

interface ProfiledRun {
  /** Of the whole run, ms. */
  runMs: number;
  kernels: ProfileEvent[];
}

/** The kernels of each run, in order. */
function runsOf(events: readonly ProfileEvent[]): ProfiledRun[] {
  const runs = events.filter(({ cat, name }) => cat === 'Session' && name === 'model_run');
  const kernels = events.filter(({ cat, name }) => cat === 'Node' && name.endsWith(KERNEL));
  return runs.map(({ ts, dur }) => ({
    runMs: dur / 1000,
    kernels: kernels.filter((kernel) => kernel.ts >= ts && kernel.ts < ts + dur),
  }));
}

function takeApart({ ms, runMs, kernels }: ProfiledRun & { ms: number }) {
  const operators = new Map<string, { op: string; forward: number; backward: number }>();
  let inKernels = 0;
  for (const { name, dur, args } of kernels) {
    const op = args?.op_name ?? 'unknown';
    const times = operators.get(op) ?? { op, forward: 0, backward: 0 };
    times[name.startsWith(BACKWARD) ? 'backward' : 'forward'] += dur / 1000;
    operators.set(op, times);
    inKernels += dur / 1000;
  }
  const slowestFirst = [...operators.values()].sort((a, b) => b.forward + b.backward - a.forward - a.backward);
  return {
    msPerStep: rounded(ms),
    operators: slowestFirst.map(({ op, forward, backward }) => ({
      op,
      forward: rounded(forward),
      backward: rounded(backward),
    })),
    betweenKernels: rounded(runMs - inKernels),
    outsideGraph: rounded(ms - runMs),
  };
}

/** To µs: more is noise. */
function rounded(ms: number): number {
  return Math.round(1000 * ms) / 1000;
}
