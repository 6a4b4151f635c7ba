import { findInitializer, floats, GraphBuilder, type Model, type Node } from '@retort/onnx';
import type { TrainableModel, Weights } from '../trainable.js';

/**
 * The trainable matrices that magnitude pruning looks at: those that activations are multiplied by. Tables are left out, since of a row
 * that is rarely looked up all numbers are small, and biases and scales, which are few.
 */
export function prunableMatrices({ model, trainable }: TrainableModel): string[] {
  const factors = new Set(
    model.graph.nodes.flatMap(({ op, inputs }) => (op === 'Gemm' || op === 'MatMul' ? [inputs[1]] : [])),
  );
  return trainable.filter((name) => factors.has(name) && findInitializer(model, name).dims.length === 2);
}

/**
 * Which weights stay when the share of smallest absolute value is taken away (Han et al. 2015): 1 for those that stay, 0 for the others.
 * Of equal ones the later go first.
 *
 * @param names float32 weights @param share 0..1, of each tensor or of all together
 */
export function magnitudeMasks(
  model: Model,
  names: readonly string[],
  { share, scope }: { share: number; scope: 'tensor' | 'global' },
): Weights {
  const values = names.map((name) => findInitializer(model, name, 'float32').data as Float32Array);
  if (scope === 'tensor') return new Map(names.map((name, i) => [name, keepLargest(values[i], share)]));
  const all = new Float32Array(values.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const own of values) {
    all.set(own, at);
    at += own.length;
  }
  const mask = keepLargest(all, share);
  at = 0;
  return new Map(
    names.map((name, i) => {
      const from = at;
      at += values[i].length;
      return [name, mask.slice(from, at)];
    }),
  );
}

function keepLargest(values: Float32Array, share: number): Float32Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i);
  order.sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b);
  const mask = new Float32Array(values.length);
  for (const at of order.subarray(0, values.length - Math.floor(share * values.length))) mask[at] = 1;
  return mask;
}

/** The student with the masked weights at 0. */
export function pruneMagnitude({ model, trainable }: TrainableModel, masks: Weights): TrainableModel {
  const initializers = new Map(model.graph.initializers);
  for (const [name, mask] of masks) {
    const { dims, data } = findInitializer(model, name, 'float32');
    // Not a product, which would leave -0.
    const values = (data as Float32Array).map((value, i) => (mask[i] === 0 ? 0 : value));
    initializers.set(name, floats(dims, values));
  }
  return { model: { ...model, graph: { ...model.graph, initializers } }, trainable };
}

/**
 * The same student for training: every masked weight is read through its mask, w ⊙ m. So its gradient is 0 where the mask is, and
 * a weight that is 0 there stays exactly 0: momentum and both of Adam's moments stay 0, weight decay takes a share of 0, and the
 * moving average is one of zeros. The weights that are trained in this graph fit the one without masks.
 */
export function withMasks({ model, trainable }: TrainableModel, masks: Weights): TrainableModel {
  const b = new GraphBuilder({ base: model });
  b.graph.nodes.length = 0;
  const masked = new Map<string, string>();
  for (const [name, mask] of masks) {
    const { dims } = findInitializer(model, name, 'float32');
    masked.set(
      name,
      b.add('Mul', [name, b.constant(floats(dims, mask), `${name}.mask`)], { outputs: [b.unique(`${name}.masked`)] }),
    );
  }
  const read = (node: Node) => ({ ...node, inputs: node.inputs.map((name) => masked.get(name) ?? name) });
  b.graph.nodes.push(...model.graph.nodes.map(read));
  return { model: { ...model, graph: b.graph }, trainable };
}
