import type { TransformerLayers } from './layers.js';

/** gelu(x·W₁ + b₁)·W₂ + b₂ with the exact GELU, without its residual: `[rows, width]` → the same shape. */
export function feedForward(
  layers: TransformerLayers,
  name: string,
  x: string,
  { width, intermediate }: { width: number; intermediate: number },
): string {
  const inner = layers.builder.add('Gelu', [layers.dense(`${name}.up`, x, width, intermediate)]);
  return layers.dropout(layers.dense(`${name}.down`, inner, intermediate, width));
}
