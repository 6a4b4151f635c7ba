import { inferShapes, type Model } from '@retort/onnx';
import { describe, expect, it } from 'vitest';
import { parseArguments, UsageError } from './arguments.ts';
import { benchTrain } from './train/bench-train.ts';
import type { Measurement } from './train/measurement.ts';
import { reportShape, reportTorch } from './train/report.ts';
import { flopsPerStep, SHAPES } from './train/shapes.ts';
import { trainTable } from './train/table.ts';
import { modelOf, whyNot } from './train/workload.ts';

/** Multiplications and additions of the graph's float products of two computed or trained matrices, but for the pooling. */
function countedFlops({ graph, ...model }: Model, batch: number, tokens: number): number {
  const inputs = graph.inputs.map((input) => ({ ...input, shape: [batch, tokens] }));
  const facts = inferShapes({ ...model, graph: { ...graph, inputs, outputs: [], valueInfo: [] } });
  const dims = (name: string) => facts.get(name)?.shape as number[];
  return graph.nodes
    .filter(({ op, inputs: [a] }) => /MatMul|Gemm/.test(op) && facts.get(a)?.type === 'float32' && !isPooling(dims(a)))
    .reduce((sum, { inputs: [a], outputs: [y] }) => sum + 2 * product(dims(y)) * (dims(a).at(-1) as number), 0);
}

/** A row of token weights, `[batch, 1, tokens]`. */
function isPooling(dims: number[]): boolean {
  return dims.length === 3 && dims[1] === 1;
}

function product(dims: number[]): number {
  return dims.reduce((total, dim) => total * dim, 1);
}

describe('the operations of a step', () => {
  for (const shape of SHAPES) {
    it.skipIf(whyNot(shape) !== undefined)(`of ${shape.name} are three times those of its forward graph`, () => {
      const { model } = modelOf(shape);
      expect(flopsPerStep(shape)).toBe(3 * countedFlops(model, shape.batch, shape.tokens));
    });
  }
});

const [static256] = SHAPES.filter(({ name }) => name === 'static 256');

function measurement(changes: Partial<Measurement>): Measurement {
  return { stepsMs: [10, 30, 20], sgemmGflops: [100, 100, 120, 120], peakRssBytes: 2e8, parameters: 5, ...changes };
}

describe('the report', () => {
  it('is of the median step and the median product over all processes', () => {
    const rounds = [measurement({}), measurement({ stepsMs: [20, 20, 90], peakRssBytes: 3e8 })];
    const report = reportShape(static256, 2, rounds);
    expect(report).toMatchObject({
      msPerStep: 20,
      sgemmGflops: 110,
      sgemmDrift: [100, 120],
      steps: 6,
      peakRssBytes: 3e8,
    });
    expect(report.samplesPerSecond).toBe(64 / 0.02);
    expect(report.utilization).toBeCloseTo(flopsPerStep(static256) / 0.02 / 110e9, 12);
  });

  it('takes the better of the ways in which PyTorch waits, and only models of one size', () => {
    const ours = reportShape(static256, 2, [measurement({})]);
    const rounds = { passive: [measurement({ stepsMs: [40] })], default: [measurement({ stepsMs: [50] })] };
    expect(reportTorch(ours, rounds)).toMatchObject({ msPerStep: 40, ratio: 0.5, peakRssRatio: 1 });
    const other = { ...rounds, default: [measurement({ parameters: 6 })], passive: [measurement({ parameters: 6 })] };
    expect(() => reportTorch(ours, other)).toThrow(/6 weights .* 5/);
  });
});

describe('bench train', () => {
  it('measures a shape in a process of its own', async () => {
    const lines: string[] = [];
    const report = await benchTrain({
      shapes: [static256],
      ...{ steps: 2, rounds: 1, threads: 1, torch: false },
      onProgress: (line) => lines.push(line),
    });
    const measured = report.shapes['static 256'];
    if ('skipped' in measured) throw new Error(measured.skipped);
    expect(measured).toMatchObject({ flopsPerStep: flopsPerStep(static256), threads: 1, steps: 2 });
    // A table of 16,381 rows, the width of four n-gram orders, a hidden layer and a classifier.
    expect(measured.parameters).toBe(16_381 * 256 + 2 * 1024 + 1024 * 256 + 256 + 256 * 150 + 150);
    for (const value of [measured.msPerStep, measured.sgemmGflops, measured.utilization])
      expect(value).toBeGreaterThan(0);
    // Weights, two moments and a gradient are in there.
    expect(measured.peakRssBytes).toBeGreaterThan(16 * measured.parameters);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(trainTable(report)).toContain('static 256');
    expect(lines).toEqual(['static 256, round 1 of 1']);
  }, 240_000);
});

describe('the command line', () => {
  it('is read', () => {
    expect(parseArguments(['train', '--shape', 'minilm', '--steps', '7', '--json'])).toMatchObject({
      ...{ command: 'train', steps: 7, rounds: 3, threads: 2, torch: false, json: true, save: false },
      shapes: [{ name: 'minilm' }],
    });
  });

  it.each([
    [[], /Which benchmark/],
    [['trian'], /no benchmark "trian"/],
    [['train', '--shape', 'encoder'], /--shape: there is no shape "encoder"; it is one of encoder 2x128/],
    [['train', '--steps', '0'], /--steps must be a whole number from 1 to 10000, not "0"/],
    [['train', '--threads', '1.5'], /--threads must be a whole number from 1 to 256/],
    [['train', '--fast'], /--fast/],
    [['train', 'minilm'], /minilm/],
    [['pictures', '--json'], /--json/],
  ])('refuses %j', (args, message) => {
    expect(() => parseArguments(args)).toThrow(UsageError);
    expect(() => parseArguments(args)).toThrow(message);
  });
});
