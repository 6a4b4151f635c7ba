import { RetortError } from '@retort/contracts';
import { describe, expect, it } from 'vitest';
import { type AttributeInput, GraphBuilder } from '../builder.js';
import { gradient } from '../gradient/gradient.js';
import type { Dim } from '../model.js';
import { floats } from '../tensor.js';

interface Use {
  op: string;
  dims: Dim[];
  /** Further inputs, as weights of these shapes. */
  weights?: number[][];
  attributes?: Record<string, AttributeInput>;
  /** Which output the loss sums; default the first. */
  output?: number;
  opset?: number;
  message: string;
}

/** dL/dx for L = Σ of one output of one node. */
function differentiate({ op, dims, weights = [], attributes, output = 0, opset = 18 }: Use) {
  const b = new GraphBuilder({ opset });
  b.input('x', 'float32', dims);
  const inputs = weights.map((shape, i) => b.initializer(`w${i}`, floats(shape)));
  const outputs = ['y', 'second', 'third'].slice(0, output + 1);
  b.addMany(op, ['x', ...inputs], { outputs, attributes });
  b.add('ReduceSum', [outputs[output]], { outputs: ['loss'], attributes: { keepdims: 0 } });
  return gradient(b.build(), { loss: 'loss', wrt: ['x'] });
}

/** What the rules do not differentiate: refused before anything runs, naming node, opset and reason. */
const UNSUPPORTED: Use[] = [
  { op: 'Einsum', dims: [3, 3], attributes: { equation: 'ii->i' }, message: 'a label twice (a diagonal)' },
  {
    op: 'MaxPool',
    dims: [1, 1, 4],
    attributes: { kernel_shape: [2], storage_order: 1 },
    message: 'column-major order',
  },
  {
    op: 'AveragePool',
    dims: ['batch', 1, 'seq'],
    attributes: { kernel_shape: [2], strides: [2], auto_pad: 'SAME_UPPER' },
    message: 'auto_pad with a stride needs the extents of its input',
  },
  {
    op: 'ConvTranspose',
    dims: [1, 1, 4],
    weights: [[1, 1, 2]],
    attributes: { output_shape: [5] },
    message: 'give it as pads',
  },
  {
    op: 'BatchNormalization',
    dims: [2, 3, 4],
    weights: [[3], [3], [3], [3]],
    attributes: { training_mode: 1 },
    message: 'training_mode is not supported',
  },
  { op: 'LayerNormalization', dims: [2, 3], weights: [[3]], output: 1, message: 'depends on its output "second"' },
  {
    op: 'SimplifiedLayerNormalization',
    dims: [2, 3],
    weights: [[3]],
    output: 1,
    message: 'depends on its output "second"',
  },
  { op: 'GroupNormalization', dims: [2, 4, 3], weights: [[2], [2]], message: 'the gradient needs opset 21' },
  { op: 'Trilu', dims: [3, 3], opset: 13, message: 'the gradient needs opset 14' },
];

/** Nodes whose inputs or attributes contradict each other or the operator. */
const INVALID: Use[] = [
  {
    op: 'Conv',
    dims: [1, 3, 4],
    weights: [[2, 2, 3]],
    message: 'its input has 3 channels, its kernel and group want 2',
  },
  { op: 'Conv', dims: [1, 2, 4], weights: [[2, 2, 7]], message: 'a kernel of 7 does not fit into 4 elements' },
  { op: 'Conv', dims: [1, 2], weights: [[2, 2]], message: 'no axes after batch and channels' },
  {
    op: 'Conv',
    dims: [1, 1, 4],
    weights: [[1, 1, 2]],
    attributes: { strides: [0] },
    message: 'strides of [0]',
  },
  { op: 'Conv', dims: [1, 1, 4], weights: [[1, 1, 2]], attributes: { pads: [1] }, message: '1 pads for 2' },
  { op: 'MaxPool', dims: [1, 1, 4], message: 'its kernel_shape is missing' },
  { op: 'Einsum', dims: [3], attributes: { equation: 'i->j' }, message: 'has one that no input has' },
  { op: 'Einsum', dims: [3], attributes: { equation: 'i,j->i' }, message: 'is for 2 inputs, not 1' },
  { op: 'Einsum', dims: [3], attributes: { equation: 'ij->i' }, message: 'does not fit a rank of 1' },
  { op: 'Einsum', dims: [3], attributes: { equation: '1->1' }, message: 'is not valid' },
];

function errorOf(use: Use): RetortError {
  try {
    differentiate(use);
  } catch (error) {
    expect(error).toBeInstanceOf(RetortError);
    return error as RetortError;
  }
  throw new Error('It should have thrown.');
}

describe('a use of an operator that has no gradient is refused', () => {
  it.each(UNSUPPORTED.map((use): [string, Use] => [`${use.op}: ${use.message}`, use]))('%s', (_, use) => {
    const { code, message } = errorOf(use);
    expect(code).toBe('RT_UNSUPPORTED_OP');
    expect(message).toContain(use.message);
    expect(message).toContain(`node "y" (${use.op}), opset ${use.opset ?? 18} of ai.onnx`);
  });
});

describe('a use of an operator that is not valid is refused', () => {
  it.each(INVALID.map((use): [string, Use] => [`${use.op}: ${use.message}`, use]))('%s', (_, use) => {
    const { code, message } = errorOf(use);
    expect(code).toBe('RT_INVALID_MODEL');
    expect(message).toContain(use.message);
    expect(message).toContain(`node "y" (${use.op})`);
  });
});
