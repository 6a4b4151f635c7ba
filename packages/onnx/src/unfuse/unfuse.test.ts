import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { gradientError, TOLERANCE } from '../../../../test/support/finite-differences.ts';
import {
  batch,
  domain,
  type Fused,
  modelOf,
  perSequence,
  projected,
  sequences,
  tokens,
  wave,
} from '../../../../test/support/fused-node.ts';
import { int32s } from '../../../../test/support/gradient-cases/fused-attention.ts';
import { type AttributeInput, float, GraphBuilder } from '../builder.js';
import { gradient } from '../gradient/gradient.js';
import { inferShapes } from '../infer-shapes.js';
import type { Model } from '../model.js';
import { floats } from '../tensor.js';
import { writeModel } from '../write.js';
import { unfuse } from './unfuse.js';

async function run(model: Model): Promise<Record<string, { dims: readonly number[]; data: number[] }>> {
  const options = { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1, logSeverityLevel: 3 } as const;
  const session = await ort.InferenceSession.create(writeModel(model), options);
  const results = await session.run({});
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { dims, data }]) => [name, { dims, data: Array.from(data, Number) }]),
  );
}

describe('unfuse', () => {
  const everyOutput: Record<string, Fused> = {
    'MultiHeadAttention with its keys and values': {
      op: 'MultiHeadAttention',
      inputs: [...projected, wave([14], 3)],
      outputs: { y: 'float32', keys: 'float32', values: 'float32' },
      attributes: { num_heads: 2 },
    },
    'Attention of ai.onnx with its keys and values': {
      op: 'Attention',
      domain: '',
      opset: 23,
      inputs: [wave([batch, tokens, 8]), ...projected.slice(1)],
      outputs: { y: 'float32', keys: 'float32', values: 'float32' },
      attributes: { q_num_heads: 4, kv_num_heads: 2 },
    },
    'GroupQueryAttention with the keys and values for its cache': {
      op: 'GroupQueryAttention',
      inputs: [...sequences, undefined, undefined, perSequence([2, 2]), int32s([1], [tokens])],
      outputs: { y: 'float32', keys: 'float32', values: 'float32' },
      attributes: { num_heads: 4, kv_num_heads: 2 },
    },
    'EmbedLayerNormalization with the lengths of its mask': {
      op: 'EmbedLayerNormalization',
      inputs: [
        int32s([2, 3], [1, 2, 0, 4, 1, 1]),
        int32s([2, 3], [0, 0, 1, 0, 1, 1]),
        ...[wave([5, 4]), wave([6, 4]), wave([2, 4]), wave([4]), wave([4])],
        int32s([2, 3], [1, 1, 0, 1, 1, 1]),
      ],
      outputs: { y: 'float32', lengths: 'int32', sum: 'float32' },
    },
    'EmbedLayerNormalization with lengths and no mask': {
      op: 'EmbedLayerNormalization',
      inputs: [
        ...[int32s([2, 3], [1, 2, 0, 4, 1, 1]), undefined, wave([5, 4]), wave([6, 4]), undefined, wave([4]), wave([4])],
      ],
      outputs: { y: 'float32', lengths: 'int32' },
    },
    'Attention behind a mask that hides all of a sequence': {
      op: 'Attention',
      inputs: [wave([2, 3, 4]), wave([4, 12]), wave([12]), int32s([2, 3], [0, 0, 0, 1, 1, 0])],
      attributes: { num_heads: 2, unidirectional: 1, mask_filter_value: float(-50) },
    },
  };

  it.each(Object.keys(everyOutput))('gives every output of %s as ONNX Runtime does', async (name) => {
    const model = modelOf(everyOutput[name]);
    const plain = unfuse(model);
    expect(plain.graph.nodes.map(({ op }) => op)).not.toContain(everyOutput[name].op);
    const [expected, got] = [await run(model), await run(plain)];
    const facts = inferShapes(model);
    for (const [output, { dims, data }] of Object.entries(expected)) {
      expect(facts.get(output)?.shape, output).toEqual([...dims]);
      expect(got[output]?.dims, output).toEqual(dims);
      data.forEach((value, i) => {
        expect(got[output]?.data[i], output).toBeCloseTo(value, 4);
      });
    }
  });

  it('gives the tokens before the padding of GroupQueryAttention as ONNX Runtime does', async () => {
    const lengths = [2, 3];
    const model = modelOf({
      op: 'GroupQueryAttention',
      inputs: [...sequences, undefined, undefined, perSequence(lengths.map((n) => n - 1)), int32s([1], [tokens])],
      attributes: { num_heads: 4, kv_num_heads: 2 },
    });
    const [{ y: expected }, { y: got }] = [await run(model), await run(unfuse(model))];
    lengths.forEach((length, row) => {
      const [from, to] = [row * tokens * 32, (row * tokens + length) * 32];
      got?.data.slice(from, to).forEach((value, i) => {
        expect(value).toBeCloseTo(expected?.data[from + i] as number, 5);
      });
    });
  });

  it('keeps the names of values, the given model and what is ordinary', () => {
    const b = new GraphBuilder({ opset: 17 });
    b.input('x', 'float32', ['batch', 'tokens', 4]);
    const doubled = b.add('Add', ['x', 'x'], { outputs: ['doubled'] });
    b.addMany('SkipLayerNormalization', ['x', doubled, b.constant(wave([4]))], {
      domain,
      outputs: ['y', '', '', 'sum'],
    });
    b.output(b.add('Mul', ['y', 'sum'], { outputs: ['z'] }), 'float32', undefined);
    const model = { ...b.build({ producer: 'somebody' }), metadata: new Map([['key', 'value']]) };
    const before = structuredClone(model);
    const plain = unfuse(model);
    expect(model).toEqual(before);
    expect(plain.graph.nodes.map(({ op, outputs }) => [op, outputs])).toEqual([
      ['Add', ['doubled']],
      ['Add', ['sum']],
      ['LayerNormalization', ['y']],
      ['Mul', ['z']],
    ]);
    expect([plain.producer, plain.metadata, plain.graph.outputs]).toEqual([
      'somebody',
      before.metadata,
      before.graph.outputs,
    ]);
    expect(inferShapes(plain).get('z')?.shape).toEqual(['batch', 'tokens', 4]);
    expect(unfuse(plain)).toBe(plain);
  });

  it('is applied by gradient to what lies on its way, and to nothing else', () => {
    const b = new GraphBuilder();
    b.input('x', 'float32', [2, 4]);
    b.initializer('w', wave([4, 4]));
    const gamma = b.constant(wave([4]));
    const frozen = b.add('SkipLayerNormalization', ['x', 'x', gamma], { domain });
    const trained = b.add('SkipLayerNormalization', [frozen, b.add('MatMul', [frozen, 'w']), gamma], { domain });
    b.output(b.add('ReduceSum', [trained], { outputs: ['loss'], attributes: { keepdims: 0 } }), 'float32', []);
    const { nodes } = gradient(b.build(), { loss: 'loss', wrt: ['w'] }).model.graph;
    expect(nodes.slice(0, 4).map(({ op }) => op)).toEqual([
      'SkipLayerNormalization',
      'MatMul',
      'Add',
      'LayerNormalization',
    ]);
  });
});

describe('operators that ONNX Runtime has on GPUs only', () => {
  const gelu = (x: number) => {
    // ∫ of the normal density from -8 on (Simpson's rule), instead of an erf that nobody checked.
    const [steps, from] = [2000, -8];
    const width = (x - from) / steps;
    const density = (at: number) => Math.exp((-at * at) / 2) / Math.sqrt(2 * Math.PI);
    let sum = density(from) + density(x);
    for (let i = 1; i < steps; i++) sum += (i % 2 ? 4 : 2) * density(from + i * width);
    return (x * sum * width) / 3;
  };

  const softmax = (row: number[]) => {
    const exps = row.map((value) => Math.exp(value));
    return exps.map((value) => value / exps.reduce((total, one) => total + one, 0));
  };

  /** By their definitions, on rows `x` of shape [2, 4] and a bias [4]. */
  const definitions: Record<
    string,
    { attributes?: Record<string, AttributeInput>; of: (rows: number[][]) => number[] }
  > = {
    BiasAdd: { of: (rows) => rows.flat() },
    BiasSoftmax: { attributes: { axis: 1, is_inner_broadcast: 0 }, of: (rows) => rows.flatMap(softmax) },
    BiasSplitGelu: {
      of: (rows) =>
        rows.flatMap(([a, b, c, d]) => [(a as number) * gelu(c as number), (b as number) * gelu(d as number)]),
    },
  };

  it.each(Object.keys(definitions))('%s follows its definition, and so does its gradient', async (op) => {
    const { attributes, of } = definitions[op];
    const number = fc.double({ min: -2, max: 2, noNaN: true });
    const vector = fc.array(number, { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(vector, vector, vector, vector, async (first, second, bias, skip) => {
        const residual = op === 'BiasAdd' ? [floats([2, 4], [...skip, ...skip])] : [];
        const x = floats([2, 4], [...first, ...second]);
        const { y } = await run(unfuse(modelOf({ op, attributes, inputs: [x, floats([4], bias), ...residual] })));
        const rows = [first, second].map((row) =>
          row.map((value, i) => value + (bias[i] as number) + (residual.length > 0 ? (skip[i] as number) : 0)),
        );
        of(rows).forEach((value, i) => {
          expect(y?.data[i]).toBeCloseTo(value, 5);
        });
      }),
      { numRuns: 15, seed: 2024 },
    );
    const error = await gradientError({
      variables: {
        x: { dims: [2, 3, 4] },
        bias: { dims: [4] },
        ...(op === 'BiasAdd' && { skip: { dims: [2, 3, 4] } }),
      },
      build: (b) => {
        const inputs = ['x', 'bias', ...(op === 'BiasAdd' ? ['skip'] : [])];
        b.add(op, inputs, {
          domain,
          outputs: ['y'],
          attributes: { ...attributes, ...(op === 'BiasSoftmax' && { axis: 2 }) },
        });
        // ONNX Runtime could not even run the forward graph as it is.
        const plain = unfuse({ ...b.build(), graph: { ...b.graph, outputs: [] } });
        b.graph.nodes.splice(0, b.graph.nodes.length, ...plain.graph.nodes);
        for (const [name, tensor] of plain.graph.initializers) b.graph.initializers.set(name, tensor);
        return 'y';
      },
      type: 'float32',
      seed: 7,
    });
    expect(error).toBeLessThan(TOLERANCE.float32);
  });
});
