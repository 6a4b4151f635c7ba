import { RetortError } from '@retort/contracts/values';
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

/**
 * The model with the named initializers turned into inputs of the same names, types and shapes, for values that change from run
 * to run: weights in training.
 *
 * @throws RetortError `RT_INVALID_MODEL` when one does not exist.
 */
export function initializersToInputs(model: Model, names: string[]): Model {
  const inputs = names.map((name) => {
    const { type, dims } = findInitializer(model, name);
    return { name, type, shape: dims };
  });
  const initializers = new Map([...model.graph.initializers].filter(([name]) => !names.includes(name)));
  return { ...model, graph: { ...model.graph, inputs: [...model.graph.inputs, ...inputs], initializers } };
}
