import { GraphBuilder } from '@retort/onnx';
import { expect, it } from 'vitest';
import { exportedBert } from '../../../test/support/exported-bert.ts';
import { bertShape } from './bert-shape.js';

const BERT = { layers: 2, width: 16, heads: 4, intermediate: 24, positions: 40, vocabulary: 50 };

it('tells the shape of a BERT however it was exported', () => {
  for (const style of ['matmul', 'gemm', 'fused qkv', 'fused attention'] as const) {
    expect(bertShape(exportedBert({ ...BERT, style }))).toEqual({ layers: 2, width: 16, heads: 4 });
  }
});

it('is null of another graph, also of one whose declared shapes are wrong', () => {
  const b = new GraphBuilder();
  b.output(b.add('Relu', [b.input('x', 'float32', [2])], { outputs: ['y'] }), 'float32', [2]);
  expect(bertShape(b.build())).toBeNull();
  const { graph, ...model } = exportedBert({ ...BERT, style: 'matmul' });
  const [output] = graph.outputs;
  expect(bertShape({ ...model, graph: { ...graph, outputs: [{ ...output!, shape: [3, 7, 5, 1] }] } })).toBeNull();
});
