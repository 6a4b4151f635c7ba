import { RetortError } from '@retort/contracts';
import type { Model } from './model.js';
import type { DataType, Tensor } from './tensor.js';

/**
 * The initializer of that name.
 *
 * @throws RetortError `RT_INVALID_MODEL` when there is none, or when it is not of `type`.
 */
export function findInitializer(model: Model, name: string, type?: DataType): Tensor {
  const tensor = model.graph.initializers.get(name);
  if (!tensor) {
    throw new RetortError('RT_INVALID_MODEL', `The graph "${model.graph.name}" has no initializer named "${name}".`);
  }
  if (type !== undefined && tensor.type !== type) {
    throw new RetortError('RT_INVALID_MODEL', `The initializer "${name}" is ${tensor.type}; ${type} is needed.`);
  }
  return tensor;
}
