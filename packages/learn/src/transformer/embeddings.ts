import { int64Vector } from '@retort/onnx';
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
 * Without `positions` int64 `[batch, tokens]` they count from 0: the table's first rows, so that their gradient is one sum over the batch
 * and not a row per token.
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
  if (positions !== undefined) return b.add('Add', [words, b.add('Gather', [table, positions])]);
  const tokens = b.add('Shape', [ids], { attributes: { start: 1, end: 2 } });
  const zero = b.constant(int64Vector([0]));
  return b.add('Add', [words, b.add('Slice', [table, zero, tokens, zero])]);
}
