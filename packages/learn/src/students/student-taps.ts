/** Names of the values inside a student's graph that a loss may look at, by what they are. */
export interface LayerTaps {
  /** What the layer gives: `[batch·tokens, width]`. */
  hidden: string;
  /** Its attention maps, before dropout: `[batch, heads, queries, keys]`, each row a distribution over the keys. */
  attention: string;
  /** Its projections, the heads side by side: `[batch·tokens, width]` each. */
  query: string;
  key: string;
  value: string;
}

/** The values of layer `layer`, counted from 0, of an encoder student. */
export function layerTaps(layer: number): LayerTaps {
  const attention = `layers.${layer}.attention`;
  return {
    hidden: `layers.${layer}.hidden`,
    attention: `${attention}.probabilities`,
    query: `${attention}.q`,
    key: `${attention}.k`,
    value: `${attention}.v`,
  };
}

/**
 * The vector of the whole text, `[batch, width]`: of an encoder student what its `pooling` makes of the states, before dropout, of a static
 * one its normalized sum of n-grams; of both before the hidden layer.
 */
export const EMBEDDING_TAP = 'text_embedding';
