import { type GraphBuilder, int64s } from '@retort/onnx';
import type { TransformerLayers } from './layers.js';

export interface EmbeddingShape {
  vocabularySize: number;
  /** Positions in the table: no text may have more tokens. */
  maxLength: number;
  width: number;
}

/**
 * Word plus position embeddings: ids int64 `[batch, tokens]` → float32 `[batch, tokens, width]`.
 *
 * Without `positions` int64 `[batch, tokens]` they count from 0 in every text, so that their gradient is one sum over the batch and not a
 * row per token. They are gathered all the same and not sliced: a slice's extent is not known to be `tokens` before the graph runs,
 * and with it nothing after it, so that the backward pass would have to find out at every step which axes were broadcast.
 */
export function tokenEmbeddings(
  layers: TransformerLayers,
  ids: string,
  { vocabularySize, maxLength, width }: EmbeddingShape,
  positions?: string,
): string {
  const b = layers.builder;
  const words = b.add('Gather', [layers.matrix('embeddings.word', vocabularySize, width), ids]);
  const table = layers.matrix('embeddings.position', maxLength, width);
  return b.add('Add', [words, b.add('Gather', [table, positions ?? countedFrom0(b, ids)])]);
}

/** int64 `[tokens]`: 0, 1, 2… */
function countedFrom0(b: GraphBuilder, ids: string): string {
  const scalar = (value: number) => b.constant(int64s([], [value]));
  const tokens = b.add('Squeeze', [b.add('Shape', [ids], { attributes: { start: 1, end: 2 } })]);
  return b.add('Range', [scalar(0), tokens, scalar(1)]);
}
