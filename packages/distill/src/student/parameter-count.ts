import type { TrainableModel } from '@retort/learn';
import { sizeOf } from '@retort/onnx';

/** Trainable numbers of a model. */
export function parameterCount({ model, trainable }: TrainableModel): number {
  const { initializers } = model.graph;
  return trainable.reduce((sum, name) => sum + sizeOf(initializers.get(name)?.dims ?? [0]), 0);
}
