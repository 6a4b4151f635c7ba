import { countFlops, type Model } from '@retort/onnx';

/**
 * Floating point operations that a student takes for one text of median length; what counts is said at `countFlops`.
 *
 * @param lengths tokens of each test text, at least one
 */
export function flopsOfMedianText(model: Model, lengths: Int32Array): number {
  const tokens = lengths.toSorted()[lengths.length >> 1];
  return countFlops(model, { input_ids: [1, tokens], attention_mask: [1, tokens] }).flops;
}
