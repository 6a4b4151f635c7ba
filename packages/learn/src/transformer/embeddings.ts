import { int64s } from '@retort/onnx';
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
 * Positions are gathered, not sliced: a slice's extent is not known to be `tokens` before the graph runs, and with it nothing after
 * it, so that the backward pass would have to find out at every step which axes were broadcast.
 */
export function tokenEmbeddings(
  layers: TransformerLayers,
  ids: string,
  { vocabularySize, maxLength, width }: EmbeddingShape,
): string {
  const b = layers.builder;
  const scalar = (value: number) => b.constant(int64s([], [value]));
  const words = b.add('Gather', [layers.matrix('embeddings.word', vocabularySize, width), ids]);
  const tokens = b.add('Squeeze', [b.add('Shape', [ids], { attributes: { start: 1, end: 2 } })]);
  const positions = b.add('Range', [scalar(0), tokens, scalar(1)]);
  return b.add('Add', [words, b.add('Gather', [layers.matrix('embeddings.position', maxLength, width), positions])]);
}
