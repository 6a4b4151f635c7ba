import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type GoldenGraph, goldenGraphs } from '../../../../test/support/golden-graphs.ts';
import { GraphBuilder } from '../builder.js';
import { writeModel } from '../write.js';
import { gradient } from './gradient.js';

/*
 * Forward results and gradients against those of PyTorch in double precision (test/golden/make-gradients.py), which shares no code
 * and no formula with ours.
 */

interface Numbers {
  dims: number[];
  data: number[];
}

interface Golden {
  inputs: Numbers[];
  /** L = Σ r·y. */
  r: Numbers;
  y: Numbers;
  /** Null for an input that no gradient is asked of. */
  gradients: (Numbers | null)[];
}

const file = new URL('../../../../test/golden/gradients.json', import.meta.url);
const golden = new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')).cases as Record<string, Golden>));

const float32 = ({ dims, data }: Numbers) => new ort.Tensor('float32', Float32Array.from(data), dims);

async function differentiated({ build, opset = 18 }: GoldenGraph, { inputs, r, gradients }: Golden) {
  const b = new GraphBuilder({ opset });
  const names = inputs.map((input, i) => b.input(`x${i}`, 'float32', input.dims));
  b.input('r', 'float32', r.dims);
  const y = b.add('Identity', [build(b, names)], { outputs: ['y'] });
  b.output(y, 'float32', r.dims);
  b.add('ReduceSum', [b.add('Mul', [y, 'r'])], { outputs: ['loss'], attributes: { keepdims: 0 } });
  const wrt = names.filter((_, i) => gradients[i] !== null);
  const { model } = gradient(b.build(), { loss: 'loss', wrt });
  const session = await ort.InferenceSession.create(writeModel(model), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const feeds = Object.fromEntries([...inputs, r].map((value, i) => [names[i] ?? 'r', float32(value)]));
  const outputs = await session.run(feeds);
  await session.release();
  return outputs;
}

function expectNear(actual: ort.Tensor, expected: Numbers, what: string): void {
  expect(actual.dims, what).toEqual(expected.dims);
  const error = expected.data.map(
    (value, i) => Math.abs(Number(actual.data[i]) - value) / Math.max(1, Math.abs(value)),
  );
  expect(Math.max(...error), what).toBeLessThan(2e-5);
}

describe('as PyTorch computes it:', () => {
  it('every golden value is used', () => {
    expect(new Set(goldenGraphs.map((graph) => graph.golden))).toEqual(new Set(golden.keys()));
  });

  it.each(
    goldenGraphs.map((graph): [string, GoldenGraph] => [`${graph.golden} ${graph.spelling ?? ''}`.trim(), graph]),
  )('%s', async (_, graph) => {
    const expected = golden.get(graph.golden);
    if (!expected) throw new Error(`There are no golden values of "${graph.golden}".`);
    const outputs = await differentiated(graph, expected);
    expectNear(outputs.y, expected.y, 'y');
    expected.gradients.forEach((value, i) => {
      if (value) expectNear(outputs[`grad/x${i}`], value, `gradient of input ${i}`);
    });
  });
});
