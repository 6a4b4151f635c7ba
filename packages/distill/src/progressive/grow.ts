import type { ProgressiveSpec } from '@retort/contracts';
import { type TrainableModel, type Weights, withWeights } from '@retort/learn';
import { findInitializer, type Model } from '@retort/onnx';

type NewLayers = NonNullable<ProgressiveSpec['growth']>['newLayers'];

/**
 * The deeper of two encoder students, started from the trained shallower one: its embeddings, its classifier and its layers are taken
 * over; the layers that it has not start as `newLayers` says.
 *
 * Progressive stacking (Gong et al. 2019, "Efficient training of BERT by progressively stacking") puts the trained layers once more on
 * top of themselves: layer i starts as layer i mod `layers`.
 *
 * @param deeper as it would be trained without a shallower one: what stays of it is `fresh`
 * @param shallower of `layers` layers, fewer than the deeper one's, and else of the same shape
 */
export function grow(
  deeper: TrainableModel,
  shallower: Model,
  { layers, newLayers }: { layers: number; newLayers: NewLayers },
): Model {
  const weights: Weights = new Map();
  for (const name of deeper.trainable) {
    const source = sourceOf(name, layers, newLayers);
    if (source !== undefined) weights.set(name, findInitializer(shallower, source, 'float32').data as Float32Array);
  }
  return withWeights(deeper.model, weights);
}

/** Name of the shallower student's weight that a weight starts as; undefined: it stays as it is. */
function sourceOf(name: string, layers: number, newLayers: NewLayers): string | undefined {
  const [, index, rest] = /^layers\.(\d+)\.(.*)$/.exec(name) ?? [];
  if (index === undefined) return name;
  const layer = Number(index);
  if (layer < layers) return name;
  if (newLayers === 'fresh') return undefined;
  return `layers.${newLayers === 'last' ? layers - 1 : layer % layers}.${rest}`;
}
