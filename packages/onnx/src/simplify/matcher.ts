import type { Model, Node } from '../model.js';

/** Looks at how a value was made, for passes that recognise what an exporter spelt out. */
export class Matcher {
  readonly #model: Model;
  readonly #producers = new Map<string, Node>();

  constructor(model: Model) {
    this.#model = model;
    for (const node of model.graph.nodes) for (const output of node.outputs) this.#producers.set(output, node);
  }

  /** The node of ai.onnx that makes `value`, if it is of that operator. */
  producer(value: string | undefined, op: string): Node | undefined {
    const node = value === undefined ? undefined : this.#producers.get(value);
    return node?.op === op && node.domain === '' ? node : undefined;
  }

  /** Both readings of a product or sum as (operand, operand); none where the value is made by another operator. */
  operands(value: string, op: 'Add' | 'Mul'): [string, string][] {
    const node = this.producer(value, op);
    return node ? bothWays(node) : [];
  }

  /** The one float32 element of an initializer. */
  scalar(value: string | undefined): number | undefined {
    const tensor = value === undefined ? undefined : this.#model.graph.initializers.get(value);
    return tensor?.type === 'float32' && tensor.data.length === 1 ? Number(tensor.data[0]) : undefined;
  }
}

/** Both readings of a node with two inputs whose order does not matter. */
export function bothWays(node: Node): [string, string][] {
  const [a = '', b = ''] = node.inputs;
  return [
    [a, b],
    [b, a],
  ];
}
