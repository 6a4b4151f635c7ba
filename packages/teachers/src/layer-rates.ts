import type { FineTuneSpec } from '@retort/contracts';
import type { ImportedModel } from './import-model.js';
import { invalidTeacher } from './invalid-teacher.js';

/** Which weights of an encoder are trained, and how fast. */
export interface LayerRates {
  trainable: string[];
  /** Factor on the learning rate of each. */
  rates: Map<string, number>;
}

/**
 * Layer-wise learning-rate decay (Howard & Ruder 2018; Clark et al. 2020): a weight at depth d of n layers learns at
 * decay^(n - d) of the rate, so that what is general changes less than what is particular. The embeddings are at depth 0;
 * what follows the last layer learns as that does. Frozen weights are left out.
 *
 * @throws RetortError `RT_INVALID_TEACHER` where more layers are to be frozen than there are
 */
export function layerRates(
  { depths, layers }: Pick<ImportedModel, 'depths' | 'layers'>,
  {
    layerDecay,
    freezeEmbeddings,
    freezeLayers,
  }: Pick<FineTuneSpec, 'layerDecay' | 'freezeEmbeddings' | 'freezeLayers'>,
): LayerRates {
  if (freezeLayers > layers) {
    throw invalidTeacher(`freezeLayers is ${freezeLayers}, but the model has ${layers} layer(s).`);
  }
  const frozen = freezeLayers > 0 ? freezeLayers : freezeEmbeddings ? 0 : -1;
  const trained = [...depths].filter(([, depth]) => depth > frozen);
  return {
    trainable: trained.map(([name]) => name),
    rates: new Map(trained.map(([name, depth]) => [name, layerDecay ** Math.max(0, layers - depth)])),
  };
}
