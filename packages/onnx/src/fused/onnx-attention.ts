import type { Dim } from '../model.js';
import type { OpRule } from '../rules/rule.js';
import type { UnfuseContext } from '../rules/unfuse-context.js';
import type { ShapeContext } from '../shapes/context.js';
import { divideDims, multiplyDims, ShapeConflict, sameDim } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import { evenly, groupedHeads, joinHeads, ofRank, splitHeads } from './heads.js';
import { causal, LOWEST, summandOf, sumOf } from './masks.js';
import { attend } from './scaled-dot-product.js';

/** Attention of ai.onnx (opset 23), on `[batch, heads, tokens, width]` or `[batch, tokens, heads·width]`. */

function unfuseOnnxAttention(context: UnfuseContext): string[] {
  context.refuseInputs({ 4: 'past_key', 5: 'past_value', 6: 'nonpad_kv_seqlen' });
  context.refuseOutputs({ 3: 'qk_matmul_output' });
  const { emitter: e } = context;
  // The softmax may be asked for in another type (a code of TensorProto: 1 float32, 11 float64) than the inputs'.
  context.refuseAttributes({ softmax_precision: e.facts(context.input(0)).type === 'float64' ? 11 : 1 });
  const isFlat = e.rank(context.input(0)) === 3;
  const inputs = [context.input(0), context.input(1), context.input(2)] as const;
  const [heads, keyHeads] = isFlat
    ? groupedHeads(context, 'q_num_heads', 'kv_num_heads')
    : evenly(headsOf(context, 0), headsOf(context, 1));
  const [query, key, value] = inputs.map((input, i) =>
    isFlat ? splitHeads(e, input, i === 0 ? heads : keyHeads) : input,
  ) as [string, string, string];
  const { mask, seesAnything } = masksOf(context, e.extent(query, 2), e.extent(key, 2));
  const scale = context.node.attributes.scale === undefined ? undefined : context.float('scale', 1);
  const softcap = context.float('softcap', 0);
  const result = attend(e, { query, key, value, heads, keyHeads, scale, softcap, mask });
  const y = seesAnything === undefined ? result : e.assumeShape(e.mul(result, seesAnything), result);
  return [isFlat ? joinHeads(e, y) : y, key, value];
}

/** The number of heads of an input of four axes. */
function headsOf(context: UnfuseContext, index: number): number {
  const heads = context.emitter.shape(context.input(index))[1];
  if (typeof heads !== 'number')
    context.refuse(`the number of heads (axis 1 of "${context.input(index)}") is not known`);
  return heads;
}

/**
 * The summand of the scores, from a mask that says what may be seen (boolean) or is one already, and from the causal mask. Of a boolean
 * mask also a factor for the results, 0 for queries that may see nothing: their softmax is of no use, and ONNX Runtime gives zeros.
 */
function masksOf(context: UnfuseContext, queries: string, keys: string): { mask?: string; seesAnything?: string } {
  const { emitter: e } = context;
  const x = context.input(0);
  const isCausal = context.int('is_causal', 0) !== 0;
  const past = isCausal ? causal(e, queries, keys) : undefined;
  if (!context.has(3)) return past === undefined ? {} : { mask: summandOf(e, past, LOWEST, x) };
  const given = context.input(3);
  const [reach, extent] = [e.shape(given).at(-1), e.shape(context.input(1)).at(-2)];
  if (typeof reach === 'number' && typeof extent === 'number' && !sameDim(reach, extent)) {
    context.refuse(`its attn_mask of ${reach} for ${extent} keys is not supported`);
  }
  if (e.facts(given).type !== 'bool') {
    return { mask: sumOf(e, [given, past === undefined ? undefined : summandOf(e, past, LOWEST, x)]) };
  }
  const seen = past === undefined ? given : e.emit('And', [given, past]);
  const factor = e.emit('ReduceMax', [e.cast(seen, e.facts(x).type ?? 'float32'), e.ints([-1])]);
  return { mask: summandOf(e, seen, LOWEST, x), seesAnything: factor };
}

function inferOnnxAttention(context: ShapeContext): Facts[] {
  const { type } = context.input(0);
  const [query, key, value] = [0, 1, 2].map((index) => ofRank(context.shape(index), 3, 4));
  if (!query || !key || !value) return [{ type, shape: undefined }];
  if (key.length !== query.length || value.length !== query.length)
    throw new ShapeConflict('its inputs differ in rank');
  if (query.length === 4) {
    const y: Facts = { type, shape: query.with(3, value[3] ?? null) };
    return context.has(4) ? [y] : [y, { type, shape: key }, { type, shape: value }];
  }
  const [heads, keyHeads] = groupedHeads(context, 'q_num_heads', 'kv_num_heads');
  const depth = (width: Dim | undefined) => divideDims(width ?? null, keyHeads);
  const y: Facts = { type, shape: query.with(2, multiplyDims([heads, depth(value[2])])) };
  if (context.has(4)) return [y];
  const present = (part: Dim[]): Facts => ({
    type,
    shape: [part[0] ?? null, keyHeads, part[1] ?? null, depth(part[2])],
  });
  return [y, present(key), present(value)];
}

export const onnxAttentionRules: OpRule[] = [
  { op: 'Attention', infer: inferOnnxAttention, unfuse: unfuseOnnxAttention },
];
