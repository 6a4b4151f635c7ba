import { floats, GraphBuilder } from '@retort/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Gradients } from './gradients.js';
import { MovingAverage } from './moving-average.js';
import { Parameters } from './parameters.js';
import { Sgd } from './sgd.js';

const [ROWS, WIDTH] = [5, 3];

function setUp(decay: number) {
  const b = new GraphBuilder();
  const initial = Array.from({ length: ROWS * WIDTH }, (_, i) => Math.sin(i));
  b.initializer('table', floats([ROWS, WIDTH], initial));
  b.initializer('bias', floats([WIDTH], initial.slice(0, WIDTH)));
  const layout = { states: 1, tables: new Set(['table']), averaged: true };
  const parameters = new Parameters(b.build(), ['table', 'bias'], layout);
  return {
    parameters,
    gradients: new Gradients(parameters),
    average: new MovingAverage(parameters, decay),
    optimizer: new Sgd(parameters, { momentum: 0.5 }),
  };
}

describe('the moving average', () => {
  it('is the weighted mean over all steps, of rows too that few of them touch', () => {
    const touched = fc.array(fc.uniqueArray(fc.nat(ROWS - 1), { maxLength: 3 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(touched, fc.double({ min: 0.1, max: 0.999, noNaN: true }), fc.nat(12), (steps, decay, readAt) => {
        const { parameters, gradients, average, optimizer } = setUp(decay);
        const [table, bias] = parameters.list;
        // By the definition, in doubles: Σ dᵗ⁻ⁱ·wᵢ / Σ dᵗ⁻ⁱ.
        const sums = { table: new Float64Array(ROWS * WIDTH), bias: new Float64Array(WIDTH) };
        let total = 0;
        for (const [i, rows] of steps.entries()) {
          gradients.clear();
          const gradient = rows.flatMap((row) => [row + 1, -0.5, 0.25 * (i + 1)]);
          gradients.add(
            new Map<string, Float32Array | { indices: BigInt64Array; rows: Float32Array }>([
              ['table', { indices: BigInt64Array.from(rows, BigInt), rows: Float32Array.from(gradient) }],
              ['bias', Float32Array.of(1, -1, i)],
            ]),
          );
          average.before(i + 1, gradients);
          optimizer.step(gradients, { step: i + 1, learningRate: 0.1, scale: 1 });
          average.after(i + 1, gradients);
          total = decay * total + 1;
          for (const { name, values } of parameters.list) {
            const sum = sums[name as keyof typeof sums];
            for (const [j, value] of values.entries()) sum[j] = decay * sum[j]! + value;
          }
          // Reading in between, as validation does, changes nothing later.
          if (i === readAt) average.settle(i + 1);
        }
        average.settle(steps.length);
        for (const { name, average: found } of [table!, bias!]) {
          for (const [j, value] of found!.entries()) {
            expect(value).toBeCloseTo(sums[name as keyof typeof sums][j]! / total, 4);
          }
        }
      }),
    );
  });

  it('leaves rows that were never touched as they are', () => {
    const { parameters, gradients, average, optimizer } = setUp(0.9);
    const before = parameters.list[0]!.values.slice(WIDTH);
    for (let step = 1; step <= 4; step++) {
      gradients.clear();
      const rows = Float32Array.of(1, 2, 3);
      gradients.add(
        new Map<string, Float32Array | { indices: BigInt64Array; rows: Float32Array }>([
          ['table', { indices: BigInt64Array.of(0n), rows }],
          ['bias', rows],
        ]),
      );
      average.before(step, gradients);
      optimizer.step(gradients, { step, learningRate: 0.1, scale: 1 });
      average.after(step, gradients);
    }
    average.settle(4);
    expect(parameters.list[0]!.average!.slice(WIDTH)).toEqual(before);
  });
});
