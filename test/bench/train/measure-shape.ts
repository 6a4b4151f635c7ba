/**
 * Measures one shape in a process of its own, so that the peak memory is that shape's: `measure-shape.ts NAME STEPS THREADS`. Its last
 * line is a {@link Measurement} as JSON.
 */
import { train } from '@retort/learn';
import { sizeOf } from '@retort/onnx';
import { type Measurement, WARM_UP_STEPS } from './measurement.ts';
import { peakRssBytes } from './peak-memory.ts';
import { measureSgemm } from './sgemm.ts';
import { SHAPES } from './shapes.ts';
import { workloadOf } from './workload.ts';

const [name, steps, threads] = process.argv.slice(2);
const shape = SHAPES.find((candidate) => candidate.name === name);
if (!shape) throw new Error(`There is no shape "${name}".`);

const before = await measureSgemm(Number(threads));
const options = workloadOf(shape, { steps: WARM_UP_STEPS + Number(steps) + 1, threads: Number(threads) });
const { inputs } = options;
// `train` asks for the inputs once a step: from one call to the next is all that a step costs, whatever it consists of.
const calls: number[] = [];
await train({
  ...options,
  inputs: (rows) => {
    calls.push(performance.now());
    return inputs(rows);
  },
});
const peak = peakRssBytes();
const after = await measureSgemm(Number(threads));

const measurement: Measurement = {
  stepsMs: calls.slice(WARM_UP_STEPS + 1).map((at, i) => at - calls[WARM_UP_STEPS + i]),
  sgemmGflops: [...before, ...after],
  peakRssBytes: peak,
  parameters: options.trainable.reduce((sum, weight) => sum + sizeOf(dimsOf(weight)), 0),
};
process.stdout.write(`${JSON.stringify(measurement)}\n`);

function dimsOf(weight: string): number[] {
  return options.model.graph.initializers.get(weight)?.dims ?? [];
}
