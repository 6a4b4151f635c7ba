import { type Facts, inferShapes, type Model, type Node, simplify, type Tensor } from '@retort/onnx';

/** Operators that only move elements or pass them on. */
const VIEWS = new Set([
  'Identity',
  'Dropout',
  'Cast',
  'Reshape',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'Expand',
]);

/** Operators of one result and no weights, between an inner value and what it is made into: scales, masks, activations. */
const ELEMENTWISE = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Where', 'Max', 'Min', 'Sqrt'],
  ...['Erf', 'Tanh', 'Sigmoid', 'Relu', 'Gelu', 'FastGelu', 'QuickGelu', 'Softmax'],
]);

/** x·weight + bias: `[rows, from]` → `[rows, to]`. */
export interface DenseWeights {
  from: number;
  to: number;
  /** `[from, to]`, row-major. */
  weight: Float32Array;
  /** `[to]`. */
  bias: Float32Array;
}

/** A dense layer found in a graph, with the value it reads. */
export interface FoundDense extends DenseWeights {
  x: string;
}

/** Walks an imported graph from results back to weights. Layer normalizations that the exporter spelt out are one node here. */
export class GraphWalk {
  readonly nodes: readonly Node[];
  /** The graph that is walked: the given one, simplified. */
  readonly model: Model;
  readonly #facts: Map<string, Facts>;
  readonly #producers = new Map<string, Node>();

  constructor(model: Model) {
    this.model = simplify(model);
    this.#facts = inferShapes(this.model);
    this.nodes = this.model.graph.nodes;
    for (const node of this.nodes) for (const output of node.outputs) this.#producers.set(output, node);
  }

  producer(value: string): Node | undefined {
    return this.#producers.get(value);
  }

  /** The float32 tensor that a value is: an initializer, a `Constant`, or a transpose of one. */
  constant(value: string | undefined): Tensor | undefined {
    if (value === undefined) return undefined;
    const tensor = this.model.graph.initializers.get(value);
    if (tensor) return tensor.type === 'float32' ? tensor : undefined;
    const node = this.producer(value);
    if (node?.op === 'Identity') return this.constant(node.inputs[0]);
    if (node?.op === 'Constant') {
      const { value: attribute } = node.attributes;
      return attribute?.kind === 'tensor' && attribute.value.type === 'float32' ? attribute.value : undefined;
    }
    const source = node?.op === 'Transpose' ? this.constant(node.inputs[0]) : undefined;
    return source?.dims.length === 2 ? transposed(source) : undefined;
  }

  type(value: string) {
    return this.#facts.get(value)?.type;
  }

  shape(value: string) {
    return this.#facts.get(value)?.shape;
  }

  /** The value that `value` is a view of: the same elements, reshaped or reordered. */
  source(value: string): string {
    const node = this.producer(value);
    return node && node.domain === '' && VIEWS.has(node.op) ? this.source(node.inputs[0] as string) : value;
  }

  /** The dense layer whose result is `value`: `Gemm`, or `MatMul` with or without an `Add`. */
  dense(value: string): FoundDense | undefined {
    const node = this.producer(this.source(value));
    if (node?.op === 'Gemm') return this.#gemm(node);
    if (node?.op === 'MatMul') return this.#product(node);
    if (node?.op !== 'Add') return undefined;
    for (const [product, bias] of [node.inputs, node.inputs.toReversed()] as [string, string][]) {
      const inner = this.producer(this.source(product));
      const added = this.constant(bias);
      const found = inner?.op === 'MatMul' && added ? this.#product(inner) : undefined;
      if (found && added?.data.length === found.to) return { ...found, bias: added.data as Float32Array };
    }
    return undefined;
  }

  /**
   * The nearest value behind `value` that `accept` takes, looking back through elementwise operators and views, breadth first.
   */
  findBack<Found>(value: string, accept: (value: string) => Found | undefined): Found | undefined {
    const seen = new Set([value]);
    for (const at of seen) {
      const found = accept(at);
      if (found !== undefined) return found;
      const node = this.producer(at);
      if (!node || !(VIEWS.has(node.op) || ELEMENTWISE.has(node.op))) continue;
      for (const input of node.inputs) if (input !== '') seen.add(input);
    }
    return undefined;
  }

  #product(node: Node): FoundDense | undefined {
    const [x = '', kernel] = node.inputs;
    const weight = this.constant(kernel);
    if (weight?.dims.length !== 2) return undefined;
    const [from, to] = weight.dims as [number, number];
    return { x, from, to, weight: weight.data as Float32Array, bias: new Float32Array(to) };
  }

  #gemm({ inputs, attributes }: Node): FoundDense | undefined {
    const [x = '', kernel, bias] = inputs;
    const set = (name: string, plain: number) => {
      const attribute = attributes[name];
      return attribute !== undefined && 'value' in attribute && attribute.value !== plain;
    };
    if (set('alpha', 1) || set('beta', 1) || set('transA', 0)) return undefined;
    const given = this.constant(kernel);
    if (given?.dims.length !== 2) return undefined;
    const weight = set('transB', 0) ? transposed(given) : given;
    const [from, to] = weight.dims as [number, number];
    const added = bias ? this.constant(bias) : undefined;
    if (bias && added?.data.length !== to) return undefined;
    return {
      x,
      from,
      to,
      weight: weight.data as Float32Array,
      bias: (added?.data as Float32Array | undefined) ?? new Float32Array(to),
    };
  }
}

function transposed({ dims, data }: Tensor): Tensor {
  const [rows, columns] = dims as [number, number];
  const source = data as Float32Array;
  const out = new Float32Array(source.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = source[i * columns + j];
  return { type: 'float32', dims: [columns, rows], data: out };
}
