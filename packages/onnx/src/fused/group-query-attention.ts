import type { OpRule } from '../rules/rule.js';
import type { UnfuseContext } from '../rules/unfuse-context.js';
import type { ShapeContext } from '../shapes/context.js';
import { divideDims, multiplyDims } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import { groupedHeads, joinHeads, ofRank, splitHeads, splitInto } from './heads.js';
import { causal, countTo, LOWEST, summandOf, sumOf } from './masks.js';
import { rotate, rowsFor } from './rotary.js';
import { attend } from './scaled-dot-product.js';

/**
 * com.microsoft's GroupQueryAttention on whole sequences, that is without a past: always causal. The lengths of the sequences
 * (`seqlens_k`) only matter to the cache, for what pads a sequence stands after it and is seen by nothing before.
 */
function unfuseGroupQueryAttention(context: UnfuseContext): string[] {
  context.refuseInputs({ 3: 'past_key', 4: 'past_value', 11: 'head_sink', 12: 'k_scale', 13: 'v_scale' });
  context.refuseOutputs({ 3: 'output_qk' });
  context.refuseAttributes({ smooth_softmax: 0, kv_cache_bit_width: 0 });
  const { emitter: e } = context;
  const x = context.input(0);
  const [heads, keyHeads] = groupedHeads(context, 'num_heads', 'kv_num_heads');
  const tokens = e.extent(x, 1);
  const [plainQuery, plainKey, value] = splitProjections(context, heads, keyHeads);
  const turned = rotation(context, tokens);
  const [query, key] = [turned(plainQuery), turned(plainKey)];
  const window = context.int('local_window_size', -1);
  const past = causal(e, tokens, tokens, window > 0 ? window : undefined);
  const mask = sumOf(e, [summandOf(e, past, LOWEST, x), context.has(10) ? context.input(10) : undefined]);
  const scale = context.float('scale', 0) || undefined;
  const softcap = context.float('softcap', 0);
  return [joinHeads(e, attend(e, { query, key, value, heads, keyHeads, scale, softcap, mask })), key, value];
}

/** Query, key and value with their heads split, from three inputs or from one that has them side by side. */
function splitProjections(context: UnfuseContext, heads: number, keyHeads: number): [string, string, string] {
  const { emitter: e } = context;
  const [query, key, value] = [context.input(0), context.input(1), context.input(2)];
  if (context.has(1))
    return [splitHeads(e, query, heads), splitHeads(e, key, keyHeads), splitHeads(e, value, keyHeads)];
  const all = splitHeads(e, query, heads + 2 * keyHeads);
  return splitInto(e, all, e.ints([heads, keyHeads, keyHeads]), 3, 1) as [string, string, string];
}

/** The rotary embedding of the positions 0, 1, … or those given, where the node has one. */
function rotation(context: UnfuseContext, tokens: string): (x: string) => string {
  const { emitter: e } = context;
  if (context.int('do_rotary', 0) === 0) return (x) => x;
  const positions = context.has(9) ? context.input(9) : countTo(e, tokens);
  const cos = rowsFor(e, context.input(7), positions, 1);
  const sin = rowsFor(e, context.input(8), positions, 1);
  const interleaved = context.int('rotary_interleaved', 0) !== 0;
  const pairs = e.shape(context.input(7)).at(-1);
  if (typeof pairs !== 'number') context.refuse('the width of its cos_cache is not known');
  return (x) => rotate(e, { x, cos, sin, interleaved, turning: 2 * pairs });
}

function inferGroupQueryAttention(context: ShapeContext): Facts[] {
  const { type } = context.input(0);
  const shape = ofRank(context.shape(0), 3);
  if (!shape) return [{ type, shape }];
  const [heads, keyHeads] = groupedHeads(context, 'num_heads', 'kv_num_heads');
  const [batch = null, tokens = null, width = null] = shape;
  const depth = divideDims(width, context.has(1) ? heads : heads + 2 * keyHeads);
  const output: Facts = { type, shape: [batch, tokens, multiplyDims([heads, depth])] };
  if (context.has(3)) return [output];
  const present: Facts = { type, shape: [batch, keyHeads, tokens, depth] };
  return [output, present, present];
}

export const groupQueryAttentionRules: OpRule[] = [
  {
    op: 'GroupQueryAttention',
    domain: 'com.microsoft',
    infer: inferGroupQueryAttention,
    unfuse: unfuseGroupQueryAttention,
  },
];
