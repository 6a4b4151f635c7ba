import { describe, expect, it } from 'vitest';
import { GraphBuilder } from './builder.js';
import { countFlops } from './flops.js';
import { floats, int64s } from './tensor.js';

const random = (dims: number[]) => floats(dims);

describe('countFlops', () => {
  it('counts two operations for every product of two numbers', () => {
    const b = new GraphBuilder();
    b.input('x', 'float32', ['batch', 'tokens', 8]);
    // [2, 5, 8] · [8, 3], then [2, 5, 3] · [2, 3, 5].
    const y = b.add('MatMul', ['x', b.constant(random([8, 3]))]);
    const z = b.add('MatMul', [y, b.add('Transpose', [y], { attributes: { perm: [0, 2, 1] } })]);
    b.add('Relu', [z], { outputs: ['out'] });
    b.output('out', 'float32', ['batch', 'tokens', 'tokens']);
    expect(countFlops(b.build(), { x: [2, 5, 8] })).toEqual({
      flops: 2 * (2 * 5 * 8 * 3) + 2 * (2 * 5 * 3 * 5),
      uncounted: [],
    });
  });

  it('sums over the axis that a Gemm, a convolution or an Einsum sums over', () => {
    const b = new GraphBuilder();
    b.input('x', 'float32', ['rows', 6]);
    b.add('Gemm', ['x', b.constant(random([7, 4]))], { attributes: { transA: 1 }, outputs: ['gemm'] });
    b.input('image', 'float32', ['n', 4, 9]);
    b.add('Conv', ['image', b.constant(random([6, 2, 3]))], { attributes: { group: 2 }, outputs: ['conv'] });
    b.add('Einsum', ['x', b.constant(random([6, 5]))], { attributes: { equation: 'ri,ij->rj' }, outputs: ['e'] });
    for (const name of ['gemm', 'conv', 'e']) b.output(name, 'float32', undefined);
    const { flops } = countFlops(b.build(), { x: [7, 6], image: [1, 4, 9] });
    const gemm = 2 * 6 * 4 * 7;
    const conv = 2 * (1 * 6 * 7) * (2 * 3);
    expect(flops).toBe(gemm + conv + 2 * 7 * 6 * 5);
  });

  it('leaves whole numbers out, and names what it cannot know', () => {
    const b = new GraphBuilder();
    b.input('ids', 'int64', ['batch', 3]);
    b.input('x', 'float32', ['batch', 'width']);
    b.add('MatMul', ['ids', b.constant(int64s([3, 1], [1, 2, 3]))], { outputs: ['hashed'] });
    b.add('MatMul', ['x', b.constant(random([4, 2]))], { outputs: ['y'] });
    b.output('hashed', 'int64', undefined);
    b.output('y', 'float32', undefined);
    expect(countFlops(b.build(), { ids: [1, 3], x: [1, 4] })).toEqual({ flops: 16, uncounted: [] });
    expect(countFlops(b.build(), { ids: [1, 3] })).toEqual({ flops: 0, uncounted: ['node "y" (MatMul)'] });
  });
});
