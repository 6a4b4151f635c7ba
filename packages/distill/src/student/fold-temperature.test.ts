import { floats, GraphBuilder, writeModel } from '@retort/onnx';
import { openSession } from '@retort/runtime';
import { describe, expect, it } from 'vitest';
import { foldTemperature } from './fold-temperature.js';

function classifier(last: 'Gemm' | 'Add') {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', ['batch', 2]);
  const w = b.initializer('w', floats([2, 2], [1, 2, 3, 4]));
  const bias = b.initializer('bias', floats([2], [5, -6]));
  if (last === 'Gemm') b.add('Gemm', [x, w, bias], { outputs: ['logits'] });
  else b.add('Add', [b.add('MatMul', [x, w]), bias], { outputs: ['logits'] });
  b.output('logits', 'float32', ['batch', 2]);
  return b.build();
}

describe('foldTemperature', () => {
  // x = [1, 10] gives [1 + 30 + 5, 2 + 40 - 6] = [36, 36]; at T = 4 that is [9, 9].
  it.each(['Gemm', 'Add'] as const)('divides logits that end in %s', async (last) => {
    const session = await openSession(writeModel(foldTemperature(classifier(last), 4)), { placement: 'inline' });
    const { logits } = await session.run({ x: floats([1, 2], [1, 10]) });
    await session.close();
    expect([...(logits.data as Float32Array)]).toEqual([9, 9]);
  });

  it('costs a Gemm no node', () => {
    expect(foldTemperature(classifier('Gemm'), 4).graph.nodes.length).toBe(1);
  });
});
