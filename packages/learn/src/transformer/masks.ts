import { floatScalar, type GraphBuilder, int64s, int64Vector } from '@retort/onnx';

/**
 * Added to the scores of what must not be seen: far below any score, so that softmax gives it exactly 0, and finite, so that a row in
 * which nothing may be seen has no NaN.
 */
const MASKED = -1e9;

/** (1 - mask)·(-10⁹) of a mask float32 `[batch, tokens]`, as `[batch, 1, 1, tokens]`. */
export function paddingMask(b: GraphBuilder, mask: string): string {
  const padding = b.add('Sub', [b.constant(floatScalar(1)), mask]);
  const bias = b.add('Mul', [padding, b.constant(floatScalar(MASKED))]);
  return b.add('Unsqueeze', [bias, b.constant(int64Vector([1, 2]), 'axes')]);
}

/**
 * 0 where a query may see a key and -10⁹ where that comes later: `[queries, keys]`. The queries are the last of the keys' tokens.
 *
 * @param queries, keys numbers of tokens, int64 scalars of the graph
 */
export function causalMask(b: GraphBuilder, queries: string, keys: string): string {
  const [zero, one] = [0, 1].map((value) => b.constant(int64s([], [value]))) as [string, string];
  const columns = b.add('Range', [zero, keys, one]);
  const rows = b.add('Unsqueeze', [
    b.add('Range', [b.add('Sub', [keys, queries]), keys, one]),
    b.constant(int64Vector([1])),
  ]);
  const seen = b.add('LessOrEqual', [columns, rows]);
  return b.add('Where', [seen, b.constant(floatScalar(0)), b.constant(floatScalar(MASKED))]);
}
