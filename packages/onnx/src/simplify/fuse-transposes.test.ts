import fc from 'fast-check';
import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { runModel } from '../../../../test/support/tfjs-graph.ts';
import { GraphBuilder } from '../builder.js';
import type { Model } from '../model.js';
import { sizeOf } from '../tensor.js';
import { fuseTransposes } from './fuse-transposes.js';

const A = [2, 3, 4];

/** `MatMul` of a and b, each of which may come through a transpose that brings it to `[2, 3, 4]` or `[2, 4, 3]`. */
function product(perms: { a?: number[]; b?: number[] }) {
  const b = new GraphBuilder();
  const operand = (name: string, perm: number[] | undefined, dims: number[]) => {
    const source = perm ? dims.map((_, axis) => dims[perm.indexOf(axis)] as number) : dims;
    const input = b.input(name, 'float32', source);
    return perm ? b.add('Transpose', [input], { attributes: { perm } }) : input;
  };
  const y = b.add('MatMul', [operand('a', perms.a, A), operand('b', perms.b, [2, 4, 3])], { outputs: ['y'] });
  b.output(y, 'float32', [2, 3, 3]);
  return b.build();
}

const feedsOf = (model: Model) =>
  Object.fromEntries(
    model.graph.inputs.map(({ name, shape }) => {
      const dims = shape as number[];
      const data = Float32Array.from({ length: sizeOf(dims) }, (_, i) => Math.sin(i + name.length));
      return [name, new Tensor('float32', data, dims)];
    }),
  );
const ops = (model: Model) => model.graph.nodes.map(({ op }) => op);

describe('fuseTransposes', () => {
  it('changes no result, whatever is permuted how', async () => {
    const perm = fc.option(fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(perm, perm, async (a, b) => {
        const model = product({ a, b });
        const fused = fuseTransposes(model);
        expect(fused.graph.nodes.length).toBeLessThanOrEqual(model.graph.nodes.length);
        const feeds = feedsOf(model);
        const [expected, got] = [await runModel(model, feeds), await runModel(fused, feeds)];
        got.y?.data.forEach((value, i) => {
          expect(value).toBeCloseTo(expected.y?.data[i] as number, 5);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('leaves nothing of a swap of the last two axes, and rows of what does more', () => {
    expect(ops(fuseTransposes(product({ b: [0, 2, 1] })))).toEqual(['FusedMatMul']);
    const [transpose, fused] = fuseTransposes(product({ b: [1, 2, 0] })).graph.nodes;
    expect(transpose?.attributes.perm).toEqual({ kind: 'ints', value: [1, 0, 2] });
    expect(fused?.attributes).toMatchObject({ transA: { value: 0 }, transB: { value: 1 } });
    expect(ops(fuseTransposes(product({ b: [1, 0, 2] })))).toEqual(['Transpose', 'MatMul']);
  });
});
