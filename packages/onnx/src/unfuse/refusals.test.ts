import { RetortError } from '@retort/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
import { inferShapes } from '../infer-shapes.js';
import type { Dim } from '../model.js';
import { supportedOps } from '../registry.js';
import { type DataType, int64s } from '../tensor.js';
import { unfuse } from './unfuse.js';

function refusalOf(use: () => unknown): RetortError {
  try {
    use();
  } catch (error) {
    expect(error).toBeInstanceOf(RetortError);
    return error as RetortError;
  }
  throw new Error('It should have thrown.');
}

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
      'a past of GroupQueryAttention',
      { op: 'GroupQueryAttention', inputs: [...sequences, cache, cache, perSequence([2, 2])], attributes: grouped },
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
          perSequence([2, 2]),
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
      'heads that do not share keys evenly by their shapes',
      { op: 'Attention', domain: '', opset: 23, inputs: [3, 2, 2].map((count) => wave([2, count, 3, 4])) },
      '3 query heads cannot share 2 key heads evenly',
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

  it('whatever is wrong with a node by an error of ours, and never otherwise', () => {
    const RUNS = 1500;
    const dim = fc.constantFrom(0, 1, 2, 4, 6, 'batch', null);
    const usual = fc.constantFrom<Dim[]>([2, 4, 4], ['batch', 'tokens', 4], [null, null, null], [4], [4, 4]);
    const any = fc.option(fc.array(dim, { maxLength: 5 }), { nil: undefined });
    const shape = fc.oneof({ weight: 8, arbitrary: usual }, { weight: 1, arbitrary: any });
    const input = fc.record({ type: fc.constantFrom<DataType>('float32', 'float32', 'int32', 'bool'), shape });
    const value = fc.constantFrom<AttributeInput>(0, 1, 2, -1, -3, 2 ** 40, float(0.5), 'Relu', [1, 2], [2, 2, 2]);
    const names =
      'num_heads q_num_heads kv_num_heads axis unidirectional is_causal qkv_hidden_sizes rotary_embedding_dim do_rotary scale softcap epsilon activation interleaved local_window_size';
    const attributes = fc
      .dictionary(fc.constantFrom(...names.split(' ')), value, { maxKeys: 2 })
      .map((given) => ({ num_heads: 2, q_num_heads: 2, kv_num_heads: 2, activation: 'Relu', ...given }));
    const node = fc.record({
      rule: fc.constantFrom(...supportedOps().filter(({ fused }) => fused)),
      inputs: fc.array(fc.option(input, { nil: undefined, freq: 9 }), { minLength: 1, maxLength: 8 }),
      attributes,
      outputs: fc.constantFrom(1, 1, 1, 2, 4),
      opset: fc.constantFrom(13, 18, 23),
    });
    let refused = 0;
    fc.assert(
      fc.property(node, ({ rule, inputs, attributes: given, outputs, opset }) => {
        const b = new GraphBuilder({ opset });
        const values = inputs.map((facts, i) => {
          if (facts) b.graph.inputs.push({ name: `x${i}`, ...facts });
          return facts ? `x${i}` : '';
        });
        const made = Array.from({ length: outputs }, (_, i) => `y${i}`);
        b.addMany(rule.op, values, { domain: rule.domain, attributes: given, outputs: made });
        try {
          inferShapes(unfuse(b.build()));
        } catch (error) {
          expect(error).toBeInstanceOf(RetortError);
          refused++;
        }
      }),
      { numRuns: RUNS, seed: 2024 },
    );
    expect(refused / RUNS).toBeGreaterThan(0.1);
    expect(refused / RUNS).toBeLessThan(0.95);
  });

  it('inputs of unknown rank where the form depends on it', () => {
    const b = new GraphBuilder({ opset: 23 });
    for (const name of ['q', 'k', 'v']) b.graph.inputs.push({ name, type: 'float32', shape: undefined });
    b.add('Attention', ['q', 'k', 'v'], { outputs: ['y'] });
    const { code, message } = refusalOf(() => unfuse(b.build()));
    expect([code, message.includes('the rank of "q" is not known')]).toEqual(['RT_INVALID_MODEL', true]);
  });
});
