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
  /** int64 `[4]`: the extents of `[batch, tokens, heads, headWidth]`, made once. */
  splitHeads: string;
  /** Takes the keys and values `[batch, heads, tokens, headWidth]` of this layer and gives those to attend to; absent: themselves. */
  remember?: (part: 'key' | 'value', made: string) => string;
}

/**
 * Multi-head self-attention (Vaswani et al. 2017), without its residual: for each head softmax(q·kᵀ/√headWidth + mask)·v, the heads
 * side by side, projected. x `[batch·tokens, width]` → the same shape.
 *
 * q, k and v come from one product, so that x is read once; k is transposed straight into the form that its product with q takes.
 */
export function selfAttention(
  layers: TransformerLayers,
  name: string,
  x: string,
  { width, heads }: AttentionShape,
  { mask, splitHeads, remember }: AttentionInputs,
): string {
  const b = layers.builder;
  const [q, k, v] = b.addMany(
    'Split',
    [layers.dense(`${name}.qkv`, x, width, 3 * width), b.constant(int64Vector([width, width, width]))],
    { attributes: { axis: 1 }, outputs: ['q', 'k', 'v'].map((part) => b.unique(`${name}.${part}`)) },
  ) as [string, string, string];
  const arrange = (part: string, perm: number[]) =>
    b.add('Transpose', [b.add('Reshape', [part, splitHeads])], { attributes: { perm } });
  const byHead = (part: string) => arrange(part, [0, 2, 1, 3]);
  const context = attend(layers, {
    q: byHead(q),
    transposedK: remember
      ? b.add('Transpose', [remember('key', byHead(k))], { attributes: { perm: [0, 1, 3, 2] } })
      : arrange(k, [0, 2, 3, 1]),
    v: remember ? remember('value', byHead(v)) : byHead(v),
    mask,
    headWidth: width / heads,
    probabilities: b.unique(`${name}.probabilities`),
  });
  const merged = layers.reshape(b.add('Transpose', [context], { attributes: { perm: [0, 2, 1, 3] } }), -1, width);
  return layers.dropout(layers.dense(`${name}.output`, merged, width, width));
}

/**
 * softmax(q·kᵀ/√headWidth + mask)·v of q `[batch, heads, queries, headWidth]`, kᵀ `[batch, heads, headWidth, keys]` and v
 * `[batch, heads, keys, headWidth]`: `[batch, heads, queries, headWidth]`.
 */
function attend(
  layers: TransformerLayers,
  {
    q,
    transposedK,
    v,
    mask,
    headWidth,
    probabilities,
  }: { q: string; transposedK: string; v: string; mask: string; headWidth: number; probabilities: string },
): string {
  const b = layers.builder;
  const scale = b.constant(floatScalar(1 / Math.sqrt(headWidth)), 'attention_scale');
  const scores = b.add('Mul', [b.add('MatMul', [q, transposedK]), scale]);
  const weights = b.add('Softmax', [b.add('Add', [scores, mask])], {
    attributes: { axis: -1 },
    outputs: [probabilities],
  });
  return b.add('MatMul', [layers.dropout(weights), v]);
}
