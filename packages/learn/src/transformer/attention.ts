import { floatScalar, int64Vector } from '@retort/onnx';
import type { TransformerLayers } from './layers.js';

export interface AttentionShape {
  width: number;
  /** Divides `width`. */
  heads: number;
}

/** What every layer of a graph shares, as values of the graph. */
export interface AttentionInputs {
  /** What is added to the scores: 0 where a query may look at a key, very negative elsewhere; broadcasts to `[batch, heads, queries, keys]`. */
  mask: string;
  /** int64 `[4]`: the extents of `[batch, tokens, 3·heads, headWidth]`, made once. */
  splitHeads: string;
  /** Takes the keys and values `[batch, heads, tokens, headWidth]` of this layer and gives those to attend to. Default: themselves. */
  remember?: (part: 'key' | 'value', made: string) => string;
}

/**
 * Multi-head self-attention (Vaswani et al. 2017), without its residual: for each head softmax(q·kᵀ/√headWidth + mask)·v, the heads
 * side by side, projected. x `[batch·tokens, width]` → the same shape.
 *
 * q, k and v come from one product, so that x is read once, and by one transpose: [batch, tokens, 3·heads, headWidth] to
 * [batch, 3·heads, tokens, headWidth], cut in three.
 */
export function selfAttention(
  layers: TransformerLayers,
  name: string,
  x: string,
  { width, heads }: AttentionShape,
  { mask, splitHeads, remember = (_, made) => made }: AttentionInputs,
): string {
  const b = layers.builder;
  const projected = b.add('Reshape', [layers.dense(`${name}.qkv`, x, width, 3 * width), splitHeads]);
  const byHead = b.add('Transpose', [projected], { attributes: { perm: [0, 2, 1, 3] } });
  const [q, k, v] = b.addMany('Split', [byHead, b.constant(int64Vector([heads, heads, heads]))], {
    attributes: { axis: 1 },
    outputs: [b.unique(`${name}.q`), b.unique(`${name}.k`), b.unique(`${name}.v`)],
  }) as [string, string, string];
  const seen = { k: remember('key', k), v: remember('value', v) };
  const context = attend(layers, { q, ...seen, mask, headWidth: width / heads });
  const merged = layers.reshape(b.add('Transpose', [context], { attributes: { perm: [0, 2, 1, 3] } }), -1, width);
  return layers.dropout(layers.dense(`${name}.output`, merged, width, width));
}

/**
 * softmax(q·kᵀ/√headWidth + mask)·v of q `[batch, heads, queries, headWidth]` and k, v `[batch, heads, keys, headWidth]`:
 * `[batch, heads, queries, headWidth]`.
 */
function attend(
  layers: TransformerLayers,
  { q, k, v, mask, headWidth }: { q: string; k: string; v: string; mask: string; headWidth: number },
): string {
  const b = layers.builder;
  const scaled = b.add('Mul', [q, b.constant(floatScalar(1 / Math.sqrt(headWidth)), 'attention_scale')]);
  const scores = b.add('MatMul', [scaled, b.add('Transpose', [k], { attributes: { perm: [0, 1, 3, 2] } })]);
  const weights = b.add('Softmax', [b.add('Add', [scores, mask])], { attributes: { axis: -1 } });
  return b.add('MatMul', [layers.dropout(weights), v]);
}
