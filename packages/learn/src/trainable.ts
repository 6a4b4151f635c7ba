import { RetortError } from '@retort/contracts/values';
import { findInitializer, type Model, sizeOf } from '@retort/onnx';

/** A forward graph with float32 weights to learn. Its output `logits` is float32 `[batch, classes]`. */
export interface TrainableModel {
  model: Model;
  /** Names of the initializers that training changes. Everything else stays as it is. */
  trainable: string[];
}

/** Trained values by initializer name, row-major, of the initializer's size. */
export type Weights = Map<string, Float32Array>;

/**
 * The same graph with other values in the named initializers. Nothing is shared with `weights`' maps but the arrays
 * themselves; `model` is left as it is.
 *
 * @throws RetortError `RT_INVALID_MODEL` when an initializer is missing, is not float32, or has another size.
 */
export function withWeights(model: Model, weights: Weights): Model {
  const initializers = new Map(model.graph.initializers);
  for (const [name, data] of weights) {
    const { dims } = findInitializer(model, name, 'float32');
    if (data.length !== sizeOf(dims)) {
      throw new RetortError(
        'RT_INVALID_MODEL',
        `The weights for "${name}" have ${data.length} elements, the initializer's shape [${dims}] wants ${sizeOf(dims)}.`,
      );
    }
    initializers.set(name, { type: 'float32', dims, data });
  }
  return { ...model, graph: { ...model.graph, initializers } };
}
