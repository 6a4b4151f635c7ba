import { RetortError } from '@retort/contracts';
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { gradientError, TOLERANCE } from '../../../../test/support/finite-differences.ts';
import { int32s } from '../../../../test/support/gradient-cases/fused-attention.ts';
import { type AttributeInput, float, GraphBuilder } from '../builder.js';
import { gradient } from '../gradient/gradient.js';
import type { Model } from '../model.js';
import { inferShapes } from '../shapes/infer-shapes.js';
import { type DataType, floats, int64s, sizeOf, type Tensor } from '../tensor.js';
import { writeModel } from '../write.js';
import { unfuse } from './unfuse.js';

const domain = 'com.microsoft';
const wave = (dims: number[], phase = 0) =>
  floats(
    dims,
    Array.from({ length: sizeOf(dims) }, (_, i) => Math.sin(1.7 * i + phase)),
  );

interface Fused {
  op: string;
  /** Omitted ones are undefined. */
  inputs: (Tensor | undefined)[];
  /** Types by name. */
  outputs?: Record<string, DataType>;
  attributes?: Record<string, AttributeInput>;
  domain?: string;
  opset?: number;
}

/** A model of one node on constants. */
function modelOf({ op, inputs, outputs = { y: 'float32' }, opset = 18, ...rest }: Fused): Model {
  const b = new GraphBuilder({ opset });
  const names = inputs.map((tensor) => (tensor ? b.constant(tensor) : ''));
  b.addMany(op, names, { domain, ...rest, outputs: Object.keys(outputs) });
  for (const [name, type] of Object.entries(outputs)) if (name !== '') b.output(name, type, undefined);
  return b.build();
}

async function run(model: Model): Promise<Record<string, { dims: readonly number[]; data: number[] }>> {
  const options = { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1, logSeverityLevel: 3 } as const;
  const session = await ort.InferenceSession.create(writeModel(model), options);
  const results = await session.run({});
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { dims, data }]) => [name, { dims, data: Array.from(data, Number) }]),
  );
}

function refusalOf(use: () => unknown): RetortError {
  try {
    use();
  } catch (error) {
    expect(error).toBeInstanceOf(RetortError);
    return error as RetortError;
  }
  throw new Error('It should have thrown.');
}

const [batch, tokens] = [2, 3];
const projected = [wave([batch, tokens, 4]), wave([batch, 5, 4], 1), wave([batch, 5, 6], 2)];
const padded = (lengths: number[]) => int32s([batch], lengths);
const sequences = [32, 16, 16].map((width, i) => wave([batch, tokens, width], i));

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
      inputs: [...sequences, undefined, undefined, padded([2, 2]), int32s([1], [tokens])],
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
      inputs: [...sequences, undefined, undefined, padded(lengths.map((n) => n - 1)), int32s([1], [tokens])],
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

describe('unfuse refuses', () => {
  const past = wave([2, batch, 2, 1, 2]);
  const attention = [wave([batch, tokens, 4]), wave([4, 12]), wave([12])];
  const heads = { num_heads: 2 };
  const grouped = { num_heads: 4, kv_num_heads: 2 };
  const cache = wave([batch, 2, 1, 8]);
  const four = [wave([batch, 2, tokens, 4]), wave([batch, 2, 5, 4]), wave([batch, 2, 5, 4])];
  const refused: [string, Fused, string][] = [
    [
      'a past of Attention',
      { op: 'Attention', inputs: [...attention, undefined, past], attributes: heads },
      'its input past',
    ],
    [
      'a present of Attention',
      { op: 'Attention', inputs: attention, attributes: heads, outputs: { y: 'float32', present: 'float32' } },
      'its output present',
    ],
    [
      'rotation within Attention',
      { op: 'Attention', inputs: attention, attributes: { ...heads, do_rotary: 1 } },
      'do_rotary = 1',
    ],
    [
      'a mask of unclear meaning',
      { op: 'Attention', inputs: [...attention, int32s([7], Array(7).fill(1))], attributes: heads },
      'its mask has 7 elements',
    ],
    [
      'a mask of four axes',
      { op: 'Attention', inputs: [...attention, int32s([2, 1, 3, 3], Array(18).fill(1))], attributes: heads },
      'its mask of 4 axes',
    ],
    [
      'a past of MultiHeadAttention',
      {
        op: 'MultiHeadAttention',
        inputs: [...projected, ...Array(3).fill(undefined), cache, cache],
        attributes: heads,
      },
      'its input past_key',
    ],
    ['packed projections', { op: 'MultiHeadAttention', inputs: [wave([2, 3, 2, 3, 2])], attributes: heads }, 'packed'],
    [
      'a causal mask over more keys than queries',
      { op: 'MultiHeadAttention', inputs: projected, attributes: { ...heads, unidirectional: 1 } },
      'unidirectional attention of 3 queries to 5 keys',
    ],
    [
      'a past of GroupQueryAttention',
      { op: 'GroupQueryAttention', inputs: [...sequences, cache, cache, padded([2, 2])], attributes: grouped },
      'its input past_key',
    ],
    [
      'attention sinks',
      {
        op: 'GroupQueryAttention',
        inputs: [
          ...sequences,
          undefined,
          undefined,
          padded([2, 2]),
          int32s([1], [3]),
          ...Array(4).fill(undefined),
          wave([4]),
        ],
        attributes: grouped,
      },
      'its input head_sink',
    ],
    [
      'smooth softmax',
      { op: 'GroupQueryAttention', inputs: sequences, attributes: { ...grouped, smooth_softmax: 1 } },
      'smooth_softmax = 1',
    ],
    [
      'a past of Attention in ai.onnx',
      { op: 'Attention', domain: '', opset: 23, inputs: [...four, undefined, four[1], four[2]] },
      'its input past_key',
    ],
    [
      'its scores as an output',
      {
        op: 'Attention',
        domain: '',
        opset: 23,
        inputs: four,
        outputs: { y: 'float32', k: 'float32', v: 'float32', scores: 'float32' },
      },
      'its output qk_matmul_output',
    ],
    [
      'lengths of an external cache',
      { op: 'Attention', domain: '', opset: 24, inputs: [...four, ...Array(3).fill(undefined), int64s([2], [3, 4])] },
      'its input nonpad_kv_seqlen',
    ],
    [
      'statistics of a normalisation',
      {
        op: 'SkipLayerNormalization',
        inputs: [wave([2, 3, 4]), wave([2, 3, 4]), wave([4])],
        outputs: { y: 'float32', mean: 'float32' },
      },
      'its output mean',
    ],
    [
      'an activation it does not know',
      { op: 'FusedGemm', inputs: [wave([2, 2]), wave([2, 2])], attributes: { activation: 'Celu' } },
      '"Celu"',
    ],
    [
      'a softmax over several axes',
      { op: 'BiasSoftmax', inputs: [wave([2, 3, 4]), wave([4])], attributes: { axis: 1, is_inner_broadcast: 0 } },
      'its axis 1 is not the last',
    ],
    [
      'packed rotary batches',
      {
        op: 'RotaryEmbedding',
        inputs: [wave([2, 3, 4]), int64s([2, 3], Array(6).fill(0)), wave([6, 2]), wave([6, 2])],
        attributes: { is_packed_batching: 1 },
      },
      'is_packed_batching = 1',
    ],
  ];

  it.each(refused)('%s, naming the node, its opset and the option', (_, fused, message) => {
    const { code, message: detail } = refusalOf(() => unfuse(modelOf(fused)));
    expect(code).toBe('RT_UNSUPPORTED_OP');
    const [place, version] = fused.domain === '' ? ['', `${fused.opset} of ai.onnx`] : [`${domain}.`, `1 of ${domain}`];
    expect(detail).toContain(`cannot be unfused at node "y" (${place}${fused.op}), opset ${version}: `);
    expect(detail).toContain(message);
  });

  const invalid: [string, Fused, string][] = [
    ['no heads', { op: 'Attention', inputs: attention }, 'its attribute num_heads is missing'],
    [
      'a negative number of heads',
      { op: 'MultiHeadAttention', inputs: projected, attributes: { num_heads: -2 } },
      'its attribute num_heads is -2',
    ],
    [
      'heads that do not divide the width',
      { op: 'MultiHeadAttention', inputs: projected, attributes: { num_heads: 3 } },
      '4 is not a multiple of 3',
    ],
    [
      'heads that cannot share keys evenly',
      { op: 'GroupQueryAttention', inputs: sequences, attributes: { num_heads: 4, kv_num_heads: 3 } },
      '4 query heads cannot share 3 key heads evenly',
    ],
    [
      'projections of two widths',
      { op: 'Attention', inputs: attention, attributes: { ...heads, qkv_hidden_sizes: [4, 4] } },
      'qkv_hidden_sizes has 2 elements, not 3',
    ],
    ['an input without axes', { op: 'SkipLayerNormalization', inputs: [wave([]), wave([]), wave([4])] }, 'has 0 axes'],
    [
      'an input of five axes',
      { op: 'Attention', domain: '', opset: 23, inputs: Array(3).fill(wave([1, 1, 1, 1, 1])) },
      'has 5 axes',
    ],
    ['a missing input', { op: 'EmbedLayerNormalization', inputs: [int32s([1, 1], [0])] }, 'its input 2 is missing'],
  ];

  it.each(invalid)('%s', (_, fused, message) => {
    const { code, message: detail } = refusalOf(() => unfuse(modelOf(fused)));
    expect([code, detail.includes(message)], detail).toEqual(['RT_INVALID_MODEL', true]);
    expect(detail).toContain(`node "y" (${fused.domain === '' ? '' : `${domain}.`}${fused.op})`);
  });

  it('inputs of unknown rank where the form depends on it', () => {
    const b = new GraphBuilder({ opset: 23 });
    for (const name of ['q', 'k', 'v']) b.graph.inputs.push({ name, type: 'float32', shape: undefined });
    b.add('Attention', ['q', 'k', 'v'], { outputs: ['y'] });
    const { code, message } = refusalOf(() => unfuse(b.build()));
    expect([code, message.includes('the rank of "q" is not known')]).toEqual(['RT_INVALID_MODEL', true]);
  });
});
