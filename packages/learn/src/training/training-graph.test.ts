import { floats, GraphBuilder } from '@retort/onnx';
import { describe, expect, it } from 'vitest';
import { trainingGraph } from './training-graph.js';

/** logits = Dropout(x · wᵀ), the transpose a node of its own. */
function model() {
  const b = new GraphBuilder({ opset: 17 });
  b.input('x', 'float32', ['batch', 2]);
  const w = b.initializer('w', floats([3, 2], [1, 2, 3, 4, 5, 6]));
  const product = b.add('MatMul', ['x', b.add('Transpose', [w], { attributes: { perm: [1, 0] } })]);
  b.add('Dropout', [product], { outputs: ['logits'] });
  b.output('logits', 'float32', ['batch', 3]);
  return b.build();
}

describe('trainingGraph', () => {
  it('is what a step runs: dropping, without the transpose, with weights as inputs, the loss and the gradients', () => {
    const options = { teacher: true, seed: 1 };
    const { model: graph, gradients } = trainingGraph(
      { model: model(), trainable: ['w'] },
      { lambda: 0.5, temperature: 2 },
      options,
    );
    const { nodes, inputs, outputs } = graph.graph;
    expect(inputs.map(({ name }) => name).sort()).toEqual(['labels', 'teacher_logits', 'w', 'x']);
    expect(nodes.find(({ op }) => op === 'Dropout')!.inputs[2]).toBe('training_mode');
    expect(nodes.map(({ op }) => op)).toContain('FusedMatMul');
    expect([...gradients.keys()]).toEqual(['w']);
    expect(outputs.map(({ name }) => name)).toContain('loss');
  });

  it('goes on with the masks of a training that has run before', () => {
    const seedAfter = (runs: number) => {
      const { graph } = trainingGraph(
        { model: model(), trainable: ['w'] },
        { lambda: 1, temperature: 1 },
        { teacher: false, seed: 1, runs },
      ).model;
      return graph.nodes.find(({ op }) => op === 'Dropout')!.attributes.seed as { value: number };
    };
    expect(seedAfter(5).value).toBe(seedAfter(0).value + 5);
  });
});
