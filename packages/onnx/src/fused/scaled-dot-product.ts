import { float } from '../builder.js';
import type { Emitter } from '../emit/emitter.js';

/** Attention over heads, as all fused operators have it in them. */
export interface DotProductAttention {
  /** `[batch, heads, queries, width]`. */
  query: string;
  /** `[batch, keyHeads, keys, width]`. */
  key: string;
  /** `[batch, keyHeads, keys, valueWidth]`. */
  value: string;
  heads: number;
  /** Fewer than `heads` where several query heads share one; each serves `heads / keyHeads` of them, in order. */
  keyHeads: number;
  /** Default 1/√width. */
  scale?: number;
  /** Scores are bent to c·tanh(score / c); default 0 leaves them as they are. */
  softcap?: number;
  /** Added to the scores after that; broadcasts to `[batch, heads, queries, keys]`. */
  mask?: string;
}

/** softmax(softcap(scale · Q·Kᵀ) + mask)·V (Vaswani et al. 2017), `[batch, heads, queries, valueWidth]`. */
export function attend(
  e: Emitter,
  { query, key, value, heads, keyHeads, scale, softcap = 0, mask }: DotProductAttention,
) {
  const isGrouped = heads !== keyHeads;
  // The queries of all heads that share keys stand below each other, so that one product serves them: nothing is repeated.
  const gather = (x: string) => (isGrouped ? e.emit('Reshape', [x, e.ints([0, keyHeads, -1, 0])]) : x);
  /** The inverse, `[batch, keyHeads, heads / keyHeads · queries, n]` to `[batch, heads, queries, n]`. */
  const spread = (x: string) => (isGrouped ? e.emit('Reshape', [x, e.ints([0, heads, -1, 0])]) : x);
  const scores = spread(scaledProduct(e, gather(query), key, scale));
  const capped = softcap > 0 ? bend(e, scores, softcap) : scores;
  const masked = mask === undefined ? capped : e.assumeShape(e.addTo(capped, mask), capped);
  const weights = e.emit('Softmax', [masked], { attributes: { axis: -1 } });
  return spread(e.matmul(gather(weights), value));
}

/** scale · A·Bᵀ. */
function scaledProduct(e: Emitter, a: string, b: string, scale: number | undefined): string {
  const width = e.shape(a).at(-1);
  const factor = scale ?? (typeof width === 'number' && width > 0 ? 1 / Math.sqrt(width) : undefined);
  if (factor !== undefined && e.facts(a).type === 'float32') {
    return e.emit('FusedMatMul', [a, b], {
      domain: 'com.microsoft',
      attributes: { transA: 0, transB: 1, alpha: float(factor) },
    });
  }
  if (factor !== undefined) return e.matmul(e.mul(a, e.scalar(factor, a)), b, { transB: true });
  const root = e.emit('Sqrt', [e.cast(e.extent(a, -1), e.facts(a).type ?? 'float32')]);
  return e.matmul(e.div(a, root), b, { transB: true });
}

function bend(e: Emitter, scores: string, cap: number): string {
  return e.mul(e.emit('Tanh', [e.mul(scores, e.scalar(1 / cap, scores))]), e.scalar(cap, scores));
}
