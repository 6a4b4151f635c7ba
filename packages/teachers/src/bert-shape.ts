import { type BertShape, RetortError } from '@retort/contracts/values';
import { readBert } from '@retort/learn';
import { type Model, unfuse } from '@retort/onnx';

/** The shape of a BERT whose weights an encoder student can start from; null for a graph of another shape, or one that only a runtime can read. */
export function bertShape(model: Model): BertShape | null {
  try {
    const { layers, width, heads } = readBert(unfuse(model));
    return { layers: layers.length, width, heads };
  } catch (error) {
    if (error instanceof RetortError) return null;
    throw error;
  }
}
