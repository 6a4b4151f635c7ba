import { float } from '../builder.js';
import { inferShapes } from '../infer-shapes.js';
import type { Model, Node } from '../model.js';
import type { Facts } from '../shapes/facts.js';
import { bothWays, Matcher } from './matcher.js';

/**
 * Replaces layer normalisation over the last axis, spelt out as TensorFlow does, by one `LayerNormalization` node (opset 17):
 * `y = (x - mean) / sqrt(mean((x - mean)²) + epsilon) · scale + bias`. Two spellings are known, with `r = 1 / sqrt(…)`:
 * tensor2tensor's `(scale · r) · (x - mean) + bias`, and Keras's `x · (r · scale) + (bias - mean · (r · scale))`.
 */
export function fuseLayerNorm(model: Model): Model {
  if ((model.opsets.get('') ?? 1) < 17) return model;
  const matcher = new LayerNormMatcher(model);
  const nodes = model.graph.nodes.map((node) => matcher.fuse(node) ?? node);
  return { ...model, graph: { ...model.graph, nodes } };
}

/** The mean and the inverse standard deviation of `x`. */
interface Statistics {
  x: string;
  mean: string;
  /** `x - mean`. */
  centred: string;
  epsilon: number;
}

class LayerNormMatcher extends Matcher {
  readonly #facts: Map<string, Facts>;

  constructor(model: Model) {
    super(model);
    this.#facts = inferShapes(model);
  }

  fuse(node: Node): Node | undefined {
    if (node.op !== 'Add') return undefined;
    for (const [scaled, rest] of bothWays(node)) {
      const match = this.#tensor2tensor(scaled, rest) ?? this.#keras(scaled, rest);
      if (!match) continue;
      const { x, scale, bias, epsilon } = match;
      const width = this.#facts.get(x)?.shape?.at(-1);
      // ONNX wants both as vectors of the axis.
      if (typeof width !== 'number' || !this.#isVector(scale, width) || !this.#isVector(bias, width)) continue;
      return {
        ...node,
        op: 'LayerNormalization',
        inputs: [x, scale, bias],
        attributes: { axis: { kind: 'int', value: -1 }, epsilon: float(epsilon) },
      };
    }
    return undefined;
  }

  #tensor2tensor(scaled: string, bias: string) {
    for (const [gain, centred] of this.operands(scaled, 'Mul')) {
      for (const [scale, inverse] of this.operands(gain, 'Mul')) {
        const statistics = this.#statistics(inverse);
        if (statistics?.centred === centred) return { ...statistics, scale, bias };
      }
    }
    return undefined;
  }

  #keras(scaled: string, offset: string) {
    const subtraction = this.producer(offset, 'Sub');
    if (!subtraction) return undefined;
    const [bias = '', shift = ''] = subtraction.inputs;
    for (const [x, gain] of this.operands(scaled, 'Mul')) {
      for (const [scale, inverse] of this.operands(gain, 'Mul')) {
        const statistics = this.#statistics(inverse);
        if (statistics?.x !== x) continue;
        if (this.operands(shift, 'Mul').some(([mean, factor]) => mean === statistics.mean && factor === gain)) {
          return { ...statistics, scale, bias };
        }
      }
    }
    return undefined;
  }

  /** Reads `1 / sqrt(mean((x - mean(x))²) + epsilon)`, the means over the last axis. */
  #statistics(inverse: string): Statistics | undefined {
    const root = this.producer(this.producer(inverse, 'Reciprocal')?.inputs[0], 'Sqrt');
    const sum = this.producer(root?.inputs[0], 'Add');
    for (const [variance, small] of sum ? bothWays(sum) : []) {
      const epsilon = this.scalar(small);
      const square = this.producer(this.#meanOverLastAxis(variance), 'Mul');
      if (epsilon === undefined || !square || square.inputs[0] !== square.inputs[1]) continue;
      const centred = square.inputs[0] as string;
      const [x = '', mean = ''] = this.producer(centred, 'Sub')?.inputs ?? [];
      if (x !== '' && this.#meanOverLastAxis(mean) === x) return { x, mean, centred, epsilon };
    }
    return undefined;
  }

  /** What `value` is the mean of, if over the last axis and keeping it. */
  #meanOverLastAxis(value: string): string | undefined {
    const node = this.producer(value, 'ReduceMean');
    const [x = '', axesInput] = node?.inputs ?? [];
    if (!node || (node.attributes.keepdims?.kind === 'int' && node.attributes.keepdims.value === 0)) return undefined;
    const axes = axesInput === undefined ? undefined : this.#facts.get(axesInput)?.elements;
    const rank = this.#facts.get(x)?.shape?.length;
    return axes?.length === 1 && rank !== undefined && (axes[0] === -1 || axes[0] === rank - 1) ? x : undefined;
  }

  #isVector(value: string, width: number): boolean {
    const shape = this.#facts.get(value)?.shape;
    return shape?.length === 1 && shape[0] === width;
  }
}
