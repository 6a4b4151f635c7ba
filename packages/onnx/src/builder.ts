import type { Attribute, Dim, Graph, Model, Node, ValueInfo } from './model.js';
import type { DataType, Tensor } from './tensor.js';

/** Plain values that {@link GraphBuilder.add} turns into attributes: a number becomes `int` (or `float`, see {@link float}). */
export type AttributeInput = number | string | number[] | Attribute;

/** An attribute that is a float even when its value is whole. */
export function float(value: number): Attribute {
  return { kind: 'float', value };
}

/** A list attribute of floats even when all are whole. */
export function floatList(value: number[]): Attribute {
  return { kind: 'floats', value };
}

export interface AddOptions {
  /** Names of the outputs; by default one, made from the operator's name. */
  outputs?: string[];
  domain?: string;
  attributes?: Record<string, AttributeInput>;
}

/**
 * Grows a graph node by node. Values are referred to by name; every `add` returns the name of its (first) output, so that
 * calls nest: `b.add('Relu', [b.add('MatMul', [x, w])])`.
 */
export class GraphBuilder {
  readonly graph: Graph;
  readonly opsets: Map<string, number>;
  readonly #taken: Set<string>;
  /** Where the next suffix of a stem starts, so that naming n values costs n, not n². */
  readonly #next = new Map<string, number>();

  /** Continues `base` (whose graph is copied shallowly), or starts empty at `opset` of ai.onnx (default 18). */
  constructor({ name = 'graph', opset = 18, base }: { name?: string; opset?: number; base?: Model } = {}) {
    const from = base?.graph;
    this.graph = {
      name: from?.name ?? name,
      inputs: [...(from?.inputs ?? [])],
      outputs: [...(from?.outputs ?? [])],
      nodes: [...(from?.nodes ?? [])],
      initializers: new Map(from?.initializers),
      valueInfo: [...(from?.valueInfo ?? [])],
    };
    this.opsets = new Map(base?.opsets ?? [['', opset]]);
    this.#taken = new Set([
      ...this.graph.inputs.map((input) => input.name),
      ...this.graph.initializers.keys(),
      // Node names too: new nodes are named after their output, and ONNX Runtime wants node names unique.
      ...this.graph.nodes.flatMap((node) => [node.name, ...node.outputs]),
    ]);
  }

  /** A name that no value of this graph has: `stem`, or `stem_1`, `stem_2`… */
  unique(stem: string): string {
    let name = stem;
    let i = this.#next.get(stem) ?? 1;
    while (this.#taken.has(name)) name = `${stem}_${i++}`;
    this.#next.set(stem, i);
    this.#taken.add(name);
    return name;
  }

  input(name: string, type: DataType, shape: Dim[]): string {
    this.#claim(name);
    this.graph.inputs.push({ name, type, shape });
    return name;
  }

  output(name: string, type: DataType, shape: Dim[] | undefined): string {
    this.graph.outputs.push({ name, type, shape });
    return name;
  }

  /** Adds a named weight or constant. */
  initializer(name: string, tensor: Tensor): string {
    this.#claim(name);
    this.graph.initializers.set(name, tensor);
    return name;
  }

  /** Adds a constant under a name of its own. */
  constant(tensor: Tensor, stem = 'const'): string {
    const name = this.unique(stem);
    this.graph.initializers.set(name, tensor);
    return name;
  }

  /** Appends a node and returns the name of its first output. An empty input name omits an optional input. */
  add(op: string, inputs: string[], options: AddOptions = {}): string {
    return this.addMany(op, inputs, options)[0] as string;
  }

  /** Appends a node and returns the names of all its outputs. */
  addMany(op: string, inputs: string[], options: AddOptions = {}): string[] {
    const domain = options.domain ?? '';
    if (!this.opsets.has(domain)) this.opsets.set(domain, 1);
    const outputs = options.outputs ?? [this.unique(op.toLowerCase())];
    for (const output of outputs) if (output !== '') this.#taken.add(output);
    const attributes = Object.fromEntries(
      Object.entries(options.attributes ?? {}).map(([name, value]) => [name, toAttribute(value)]),
    );
    const node: Node = { op, domain, name: outputs[0] ?? '', inputs, outputs, attributes };
    this.graph.nodes.push(node);
    return outputs;
  }

  /** The model as it stands. The graph is shared, not copied. */
  build({ producer = 'retort', irVersion = 8, metadata = new Map<string, string>() } = {}): Model {
    return { graph: this.graph, opsets: this.opsets, irVersion, producer, metadata };
  }

  #claim(name: string): void {
    if (this.#taken.has(name)) throw new Error(`The graph already has a value named "${name}".`);
    this.#taken.add(name);
  }
}

function toAttribute(value: AttributeInput): Attribute {
  if (typeof value === 'string') return { kind: 'string', value };
  if (typeof value === 'number') return Number.isInteger(value) ? { kind: 'int', value } : { kind: 'float', value };
  if (Array.isArray(value)) {
    return value.every(Number.isInteger) ? { kind: 'ints', value } : { kind: 'floats', value };
  }
  return value;
}

/** The declared input or output of that name. */
export function findValue(values: ValueInfo[], name: string): ValueInfo | undefined {
  return values.find((value) => value.name === name);
}
