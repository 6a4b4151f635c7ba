import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../builder.js';
import { gradient } from '../gradient/gradient.js';
import { floatScalar, sizeOf } from '../tensor.js';
import { writeModel } from '../write.js';

/*
 * ONNX Runtime draws another mask at every run, so that no difference of two runs tells a slope. But the graph can show the mask it
 * used: with y = x·mask/(1 - ratio), L = Σ r·y has the gradient r·mask/(1 - ratio), element by element.
 */

interface Run {
  dims: number[];
  ratio: number;
  seed: number;
  /** Whether ratio and training_mode are inputs of the graph, which it only learns when it runs. */
  late: boolean;
  training: boolean;
}

async function run({ dims, ratio, seed, late, training }: Run) {
  const b = new GraphBuilder();
  b.input('x', 'float32', dims);
  b.input('r', 'float32', dims);
  const mode = { type: 'bool' as const, dims: [], data: Uint8Array.of(training ? 1 : 0) };
  const ratioName = late ? b.input('ratio', 'float32', []) : b.constant(floatScalar(ratio));
  const modeName = late ? b.input('mode', 'bool', []) : b.constant(mode);
  b.addMany('Dropout', ['x', ratioName, modeName], { outputs: ['y', 'mask'], attributes: { seed } });
  b.add('ReduceSum', [b.add('Mul', ['y', 'r'])], { outputs: ['loss'], attributes: { keepdims: 0 } });
  b.output('y', 'float32', dims);
  b.output('mask', 'bool', dims);
  const { model } = gradient(b.build(), { loss: 'loss', wrt: ['x'] });
  const session = await ort.InferenceSession.create(writeModel(model), {
    intraOpNumThreads: 1,
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
  });
  const tensor = (shift: number) =>
    new ort.Tensor(
      'float32',
      Float32Array.from({ length: sizeOf(dims) }, (_, i) => Math.sin(i + shift)),
      dims,
    );
  const feeds = {
    x: tensor(1),
    r: tensor(2),
    ...(late ? { ratio: new ort.Tensor('float32', [ratio], []), mode: new ort.Tensor('bool', mode.data, []) } : {}),
  };
  const outputs = await session.run(feeds);
  await session.release();
  const numbers = (name: string) => Array.from(outputs[name].data as ArrayLike<number | bigint>, Number);
  return {
    x: Array.from(feeds.x.data),
    r: Array.from(feeds.r.data),
    y: numbers('y'),
    mask: numbers('mask'),
    dx: numbers('grad/x'),
  };
}

const runs = fc.record({
  dims: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
  ratio: fc.constantFrom(0, 0.1, 0.5, 0.75),
  seed: fc.nat(2 ** 31 - 1),
  late: fc.boolean(),
  training: fc.boolean(),
});

describe('the gradient of Dropout', () => {
  it('is that of the mask which the forward node drew, scaled alike', async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (given) => {
        const { x, r, y, mask, dx } = await run(given);
        const scale = given.training ? 1 / (1 - given.ratio) : 1;
        for (let i = 0; i < x.length; i++) {
          expect(y[i]).toBeCloseTo(x[i] * mask[i] * scale, 5);
          expect(dx[i]).toBeCloseTo(r[i] * mask[i] * scale, 5);
        }
      }),
      { numRuns: 40, seed: 2024 },
    );
  });

  it('drops about as many as the ratio says, in training only', async () => {
    const given = { dims: [4000], ratio: 0.25, seed: 7, late: false };
    const share = async (training: boolean) => {
      const { mask } = await run({ ...given, training });
      return mask.filter((kept) => kept === 0).length / mask.length;
    };
    expect(await share(false)).toBe(0);
    // Five standard deviations of a share of 4000 draws.
    expect(Math.abs((await share(true)) - 0.25)).toBeLessThan(0.035);
  });
});
