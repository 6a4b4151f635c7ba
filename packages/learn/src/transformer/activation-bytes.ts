/** What of a transformer the memory of a training step depends on. */
export interface ActivationSizes {
  layers: number;
  width: number;
  heads: number;
  /** Width inside the feed-forward layers. */
  intermediate: number;
  /** Tokens of the longest text. */
  maxLength: number;
}

/** Most bytes of activations that one training step may need, when all its texts are as long as may be. */
export const MOST_ACTIVATION_BYTES = 16 * 2 ** 30;

/**
 * Estimate of the bytes of activations in one training step of `batchSize` texts that are all as long as may be. Per token and
 * layer, forward and backward: about 16 vectors of `width`, 4 of `intermediate`, and 4 rows of attention scores per head.
 */
export function activationBytes(
  { layers, width, heads, intermediate, maxLength }: ActivationSizes,
  batchSize: number,
): number {
  const perToken = layers * (16 * width + 4 * intermediate + 4 * heads * maxLength);
  return 4 * perToken * batchSize * maxLength;
}
