import type { Emitter } from '../emit/emitter.js';
import type { Dim } from '../model.js';
import type { OpRule } from '../rules/rule.js';
import type { UnfuseContext } from '../rules/unfuse-context.js';
import type { NodeReader, ShapeContext } from '../shapes/context.js';
import { divideDims, isStatic, multiplyDims, ShapeConflict } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import { headCount, joinHeads, ofRank, splitEvenly, splitHeads, splitInto } from './heads.js';
import { causal, countTo, LOWEST, paddingMask, summandOf, sumOf } from './masks.js';
import { attend } from './scaled-dot-product.js';

/** com.microsoft's Attention (with its projection) and MultiHeadAttention (behind projections). */

/** Where the masks are among a node's inputs. */
interface MaskInputs {
  query: string;
  key: string;
  /** Axis of `key` along which the keys stand. */
  keyAxis: number;
  padding: number;
  bias: number;
}

/**
 * Which keys a query may see, bool `[queries, keys]`: those up to its own place, as everywhere; but where there are more keys than queries,
 * ONNX Runtime 1.30 lets the last query see them all.
 */
function unidirectional(e: Emitter, queries: string, keys: string): string {
  const last = e.emit('Equal', [e.unsqueeze(countTo(e, queries), [1]), e.sub(queries, e.ints([1]))]);
  return e.emit('Or', [causal(e, queries, keys), last]);
}

/** Padding, causal mask and attention bias as one summand of the scores. */
function masksOf(context: UnfuseContext, { query, key, keyAxis, padding, bias }: MaskInputs): string | undefined {
  const { emitter: e } = context;
  const keys = e.extent(key, keyAxis);
  const isCausal = context.int('unidirectional', 0) !== 0;
  return sumOf(e, [
    context.has(padding)
      ? paddingMask(e, context.input(padding), query, keys, context.float('mask_filter_value', -10000))
      : undefined,
    isCausal ? summandOf(e, unidirectional(e, e.extent(query, 1), keys), LOWEST, query) : undefined,
    context.has(bias) ? context.input(bias) : undefined,
  ]);
}

/** The attribute `scale`, where 0 stands for the default. */
function scaleOf(context: UnfuseContext): number | undefined {
  return context.float('scale', 0) || undefined;
}

function unfuseAttention(context: UnfuseContext): string[] {
  context.refuseInputs({ 4: 'past', 6: 'past_sequence_length' });
  context.refuseOutputs({ 1: 'present' });
  context.refuseAttributes({ do_rotary: 0, past_present_share_buffer: 0 });
  const { emitter: e } = context;
  const [x, weights, bias] = [context.input(0), context.input(1), context.input(2)];
  const heads = headCount(context, 'num_heads');
  const product = e.matmul(x, weights);
  const projected = context.has(2) ? e.assumeShape(e.addTo(product, bias), product) : product;
  const sizes = projectionSizes(context);
  const parts = sizes ? splitInto(e, projected, e.ints(sizes), 3, -1) : splitEvenly(e, projected, 3, -1);
  const [query, key, value] = parts.map((part) => splitHeads(e, part, heads)) as [string, string, string];
  const mask = masksOf(context, { query: x, key: x, keyAxis: 1, padding: 3, bias: 5 });
  return [joinHeads(e, attend(e, { query, key, value, heads, keyHeads: heads, scale: scaleOf(context), mask }))];
}

/** The widths of query, key and value where they are not the same. */
function projectionSizes(reader: NodeReader): number[] | undefined {
  const sizes = reader.ints('qkv_hidden_sizes');
  if (sizes && sizes.length !== 3) throw new ShapeConflict(`qkv_hidden_sizes has ${sizes.length} elements, not 3`);
  return sizes;
}

function inferAttention(context: ShapeContext): Facts[] {
  const { type } = context.input(0);
  const shape = ofRank(context.shape(0), 3);
  const weights = ofRank(context.shape(1), 2);
  const width = projectionSizes(context)?.[2] ?? divideDims(weights?.[1] ?? null, 3);
  return [{ type, shape: shape?.with(2, width) }];
}

function unfuseMultiHeadAttention(context: UnfuseContext): string[] {
  context.refuseInputs({
    6: 'past_key',
    7: 'past_value',
    8: 'past_sequence_length',
    9: 'cache_indirection',
  });
  context.refuseOutputs({ 3: 'qk' });
  const { emitter: e } = context;
  const heads = headCount(context, 'num_heads');
  if (!context.has(1) || !context.has(2) || e.rank(context.input(1)) === 5) {
    context.refuse('packed projections are not supported');
  }
  // Keys and values of cross-attention may come with their heads split already; then they have no bias.
  const isSplit = e.rank(context.input(1)) === 4;
  if (isSplit && context.has(3)) context.refuse('a bias where the heads are split already is not supported');
  const projected = [0, 1, 2].map((index) => context.input(index));
  const biases = context.has(3) ? splitBias(context, projected) : [];
  const [query, key, value] = projected.map((part, i) => {
    const biased = biases[i] === undefined ? part : e.assumeShape(e.addTo(part, biases[i]), part);
    return isSplit && i > 0 ? part : splitHeads(e, biased, heads);
  }) as [string, string, string];
  const mask = masksOf(context, { query: context.input(0), key, keyAxis: 2, padding: 4, bias: 5 });
  const result = attend(e, { query, key, value, heads, keyHeads: heads, scale: scaleOf(context), mask });
  return [joinHeads(e, result), key, value];
}

/** The bias `[queryWidth + keyWidth + valueWidth]` in its three parts. */
function splitBias(context: UnfuseContext, projected: string[]): string[] {
  const { emitter: e } = context;
  const widths = projected.map((part) => e.shape(part).at(-1) ?? null);
  const sizes = isStatic(widths)
    ? e.ints(widths)
    : e.emit(
        'Concat',
        projected.map((part) => e.extent(part, -1)),
        { attributes: { axis: 0 } },
      );
  return splitInto(e, context.input(3), sizes, 3, 0);
}

function inferMultiHeadAttention(context: ShapeContext): Facts[] {
  const { type } = context.input(0);
  const query = ofRank(context.shape(0), 3, 5);
  // Packed projections are not followed.
  if (query?.length !== 3 || !context.has(1) || !context.has(2)) return [{ type, shape: undefined }];
  const heads = headCount(context, 'num_heads');
  const [key, value] = [1, 2].map((index) => {
    const shape = ofRank(context.shape(index), 3, 4);
    if (shape?.length === 4) return shape;
    const [batch = null, keys = null, width = null] = shape ?? [];
    return [batch, heads, keys, divideDims(width, heads)];
  }) as [Dim[], Dim[]];
  const y: Facts = { type, shape: query.with(2, multiplyDims([heads, value[3] ?? null])) };
  return context.has(6) ? [y] : [y, { type, shape: key }, { type, shape: value }];
}

export const attentionRules: OpRule[] = [
  { op: 'Attention', domain: 'com.microsoft', infer: inferAttention, unfuse: unfuseAttention },
  {
    op: 'MultiHeadAttention',
    domain: 'com.microsoft',
    infer: inferMultiHeadAttention,
    unfuse: unfuseMultiHeadAttention,
  },
];
