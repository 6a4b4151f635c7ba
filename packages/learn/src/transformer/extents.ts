import { type GraphBuilder, int64Vector } from '@retort/onnx';

/** The extents `[batch, tokens, …more]` as a value of the graph, of ids `[batch, tokens]`. */
export function extentsOf(b: GraphBuilder, ids: string, more: readonly number[]): string {
  return b.add('Concat', [b.add('Shape', [ids]), b.constant(int64Vector(more))], { attributes: { axis: 0 } });
}
