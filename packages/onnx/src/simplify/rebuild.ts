import { GraphBuilder } from '../builder.js';
import { inferNode } from '../infer-shapes.js';
import { type Attribute, type Dim, type Model, type Node, renameValues } from '../model.js';
import { sameDim, sameShape } from '../shapes/dims.js';
import { type Facts, factsOf, UNKNOWN } from '../shapes/facts.js';
import { int64s, int64Vector } from '../tensor.js';
import { composePermutations, isIdentityPermutation, reshapeTarget, surelySameShape } from './views.js';

/** Functions of single elements: they commute with any reshape. */
const UNARY = new Set(
  'Abs Cast Ceil Cos Elu Erf Exp Floor LeakyRelu Log Neg Not Reciprocal Relu Sigmoid Sin Softplus Sqrt Tanh'.split(' '),
);
/** Functions of two elements. */
const BINARY = new Set('Add Sub Mul Div Pow Max Min Equal Less LessOrEqual Greater GreaterOrEqual And Or'.split(' '));
/** Functions of whole rows (from opset 13 on). */
const LAST_AXIS = new Set(['Softmax', 'LogSoftmax', 'LayerNormalization']);
/** Tensor attributes of up to this many elements are compared. */
const MAX_COMPARED = 8;
/** Two nodes of these are not the same, however equal they look. */
const RANDOM = /^(Random|Multinomial|Bernoulli|Dropout)/;

/**
 * Rebuilds a graph node by node, in order, with what is known of each value at hand. A *view* is a value that is another one
 * reshaped. Reading through views, and moving them behind the operators that do not care, brings reshapes next to each other
 * until they cancel: `[b, t, w] → [b·t, w] → MatMul → [b, t, v]` is one MatMul.
 */
export class Rebuilder {
  readonly #model: Model;
  readonly #builder: GraphBuilder;
  readonly #opset: number;
  readonly #facts = new Map<string, Facts>();
  /** New value for each old one that went away. */
  readonly #alias = new Map<string, string>();
  /** What each view is a reshape of; that may be a view itself. */
  readonly #views = new Map<string, string>();
  /** Views whose shape no constant says: the nodes that reshape them. */
  readonly #computedViews = new Map<string, Node>();
  readonly #transposes = new Map<string, { source: string; perm: number[] }>();
  /** Outputs by everything that decides them. */
  readonly #known = new Map<string, string[]>();

  constructor(model: Model) {
    this.#model = model;
    this.#opset = model.opsets.get('') ?? 1;
    const { graph } = model;
    this.#builder = new GraphBuilder({ base: { ...model, graph: { ...graph, nodes: [], outputs: [] } } });
    for (const [name, tensor] of graph.initializers) this.#facts.set(name, factsOf(tensor));
    for (const { name, type, shape } of graph.inputs) this.#facts.set(name, { type, shape });
  }

  run(): Model {
    const { graph, irVersion, producer, metadata } = this.#model;
    // Old names must not be given to new nodes, nor outputs of the graph be merged away.
    for (const node of graph.nodes) for (const output of node.outputs) if (output !== '') this.#builder.unique(output);
    for (const node of graph.nodes) this.#rebuild(node);
    const outputs = new Set(graph.outputs.map(({ name }) => name));
    const taken = new Map<string, string>();
    for (const output of graph.outputs) {
      const value = this.#resolve(output.name);
      this.#builder.output(output.name, output.type, output.shape);
      if (value === output.name) continue;
      // The node that makes the value takes the output's name, unless the value has to keep its own.
      const producible = this.#builder.graph.nodes.some((node) => node.outputs.includes(value));
      if (producible && !taken.has(value) && !outputs.has(value)) taken.set(value, output.name);
      else this.#builder.add('Identity', [taken.get(value) ?? value], { outputs: [output.name] });
    }
    const model = this.#builder.build({ irVersion, producer, metadata });
    return { ...model, graph: { ...model.graph, nodes: model.graph.nodes.map((node) => renameValues(node, taken)) } };
  }

  #resolve(name: string): string {
    return this.#alias.get(name) ?? name;
  }

  #factsOf(name: string): Facts {
    return this.#facts.get(name) ?? UNKNOWN;
  }

  #shape(name: string): Dim[] | undefined {
    return this.#factsOf(name).shape;
  }

  #rebuild(old: Node): void {
    const node = { ...old, inputs: old.inputs.map((input) => this.#resolve(input)) };
    const facts = this.#infer(node);
    const replacement =
      node.domain === '' && node.outputs.length === 1 ? this.#rewrite(node, facts[0] ?? UNKNOWN) : undefined;
    const outputs = replacement === undefined ? this.#place(node, facts) : [replacement];
    node.outputs.forEach((output, i) => {
      const value = outputs[i];
      if (output !== '' && value !== undefined && value !== output) this.#alias.set(output, value);
    });
  }

  #infer(node: Node): Facts[] {
    const opset = node.domain === '' ? this.#opset : (this.#model.opsets.get(node.domain) ?? 1);
    return inferNode(
      node,
      opset,
      node.inputs.map((input) => (input === '' ? undefined : this.#factsOf(input))),
    );
  }

  /** Puts the node into the new graph, or finds an equal one that is there. */
  #place(node: Node, facts: Facts[]): string[] {
    const key = identity(node);
    const known = key === undefined ? undefined : this.#known.get(key);
    // The other one may leave an optional output out.
    if (known && node.outputs.every((output, i) => output === '' || known[i])) return known;
    if (key !== undefined) this.#known.set(key, node.outputs);
    this.#builder.graph.nodes.push(node);
    node.outputs.forEach((output, i) => {
      this.#facts.set(output, facts[i] ?? UNKNOWN);
    });
    return node.outputs;
  }

  /** Emits a node that the old graph has not, under a name made from `stem`. */
  #emit(stem: string, op: string, inputs: string[], attributes: Record<string, Attribute>): string {
    const output = this.#builder.unique(stem);
    const node: Node = { op, domain: '', name: output, inputs, outputs: [output], attributes };
    return this.#place(node, this.#infer(node))[0] as string;
  }

  #constantVector(stem: string, values: number[], scalar = false): string {
    const tensor = scalar ? int64s([], values) : int64Vector(values);
    const key = `constant ${tensor.dims}:${values}`;
    const known = this.#known.get(key)?.[0];
    if (known !== undefined) return known;
    const name = this.#builder.constant(tensor, `${stem}/const`);
    this.#facts.set(name, factsOf(tensor));
    this.#known.set(key, [name]);
    return name;
  }

  /** A value that can stand for the node's only output, or undefined to keep the node. */
  #rewrite(node: Node, facts: Facts): string | undefined {
    const { op, inputs } = node;
    const [x = ''] = inputs;
    const { elements } = facts;
    // Beyond the safe integers (slices end at 2^63 - 1) an element is not known to the last digit.
    if (facts.type === 'int64' && facts.shape && elements?.every((element) => Number.isSafeInteger(element))) {
      return this.#constantVector(node.name, elements as number[], facts.shape.length === 0);
    }
    if (op === 'Identity' || (op === 'Cast' && facts.type !== undefined && facts.type === this.#factsOf(x).type))
      return x;
    if (op === 'Expand' && sameShape(facts.shape, this.#shape(x))) return x;
    if (op === 'Reshape' || op === 'Squeeze' || op === 'Unsqueeze') return this.#reshape(node, x, facts.shape);
    if (op === 'Transpose') return this.#transpose(node, x);
    return this.#sink(node, facts.shape);
  }

  #reshape(node: Node, x: string, shape: Dim[] | undefined): string | undefined {
    const origins = this.#origins(x);
    const same = [x, ...origins].find((origin) => surelySameShape(shape, this.#shape(origin)));
    if (same !== undefined) return same;
    // A reshape of a reshape needs only the last shape.
    const root = origins.at(-1) ?? x;
    const view = node.op === 'Reshape' || root !== x ? this.#view(node.name, root, shape) : undefined;
    const [output = ''] = node.outputs;
    this.#views.set(view ?? output, x);
    if (view === undefined && node.op === 'Reshape') this.#computedViews.set(output, node);
    return view;
  }

  /** What a view is a reshape of, and what that is one of, and so on. */
  #origins(view: string): string[] {
    const origins: string[] = [];
    for (let at = this.#views.get(view); at !== undefined; at = this.#views.get(at)) origins.push(at);
    return origins;
  }

  /** `source` in the given shape; undefined where no constant can say that shape. */
  #view(stem: string, source: string, shape: Dim[] | undefined): string | undefined {
    if (surelySameShape(shape, this.#shape(source))) return source;
    const target = reshapeTarget(this.#shape(source), shape);
    if (!target) return undefined;
    const view = this.#emit(stem, 'Reshape', [source, this.#constantVector(stem, target)], {});
    this.#facts.set(view, { ...this.#factsOf(view), shape });
    this.#views.set(view, source);
    return view;
  }

  #transpose(node: Node, x: string): string | undefined {
    const perm = node.attributes.perm?.kind === 'ints' ? node.attributes.perm.value : undefined;
    if (!perm) return undefined;
    if (isIdentityPermutation(perm)) return x;
    const before = this.#transposes.get(x);
    if (!before) {
      this.#transposes.set(node.outputs[0] ?? '', { source: x, perm });
      return undefined;
    }
    const both = composePermutations(before.perm, perm);
    if (isIdentityPermutation(both)) return before.source;
    const transposed = this.#emit(node.name, 'Transpose', [before.source], { perm: { kind: 'ints', value: both } });
    this.#transposes.set(transposed, { source: before.source, perm: both });
    return transposed;
  }

  /** Moves the reshape in front of the node behind it, where the node does not care. */
  #sink(node: Node, shape: Dim[] | undefined): string | undefined {
    const at = node.inputs.findIndex((input) => this.#views.has(input));
    if (at < 0) return undefined;
    for (const origin of this.#origins(node.inputs[at] as string).toReversed()) {
      if (!this.#commutes(node, at, origin)) continue;
      const inputs = node.inputs.with(at, origin);
      const [facts] = this.#infer({ ...node, inputs, attributes: lastAxis(node) });
      if (!surelySameShape(shape, facts?.shape) && !reshapeTarget(facts?.shape, shape)) continue;
      return this.#view(node.name, this.#emit(node.name, node.op, inputs, lastAxis(node)), shape);
    }
    return this.#sinkComputed(node, at, shape);
  }

  /** The same behind a reshape whose shape is computed: what has the view's shape can be reshaped by the same value. */
  #sinkComputed(node: Node, at: number, shape: Dim[] | undefined): string | undefined {
    const view = node.inputs[at] as string;
    const reshape = this.#computedViews.get(view);
    const [source = '', target = ''] = reshape?.inputs ?? [];
    if (!reshape || !sameShape(shape, this.#shape(view)) || !this.#commutes(node, at, source)) return undefined;
    const value = this.#emit(node.name, node.op, node.inputs.with(at, source), lastAxis(node));
    const moved = this.#emit(node.name, 'Reshape', [value, target], reshape.attributes);
    this.#views.set(moved, value);
    return moved;
  }

  /** True where `op(reshape(x)) = reshape(op(x))` for the input at that index, which is a reshape of `origin`. */
  #commutes(node: Node, at: number, origin: string): boolean {
    if (UNARY.has(node.op)) return true;
    const view = this.#shape(node.inputs[at] as string);
    const source = this.#shape(origin);
    // What follows reads whole rows: both shapes must have the same ones.
    if (!view?.length || !source?.length || !sameDim(view.at(-1), source.at(-1))) return false;
    if (node.op === 'MatMul') return at === 0 && this.#shape(node.inputs[1] as string)?.length === 2;
    if (LAST_AXIS.has(node.op)) {
      const { axis } = node.attributes;
      const isLast = axis === undefined || (axis.kind === 'int' && [-1, view.length - 1].includes(axis.value));
      return at === 0 && isLast && this.#opset >= 13;
    }
    if (!BINARY.has(node.op)) return false;
    const other = this.#shape(node.inputs[1 - at] as string);
    return (
      other !== undefined &&
      (other.length === 0 || (other.length === 1 && (other[0] === 1 || sameDim(other[0], view.at(-1)))))
    );
  }
}

/** The attributes of a node that works along the last axis, in a form that is right for any rank. */
function lastAxis({ op, attributes }: Node): Record<string, Attribute> {
  return LAST_AXIS.has(op) ? { ...attributes, axis: { kind: 'int', value: -1 } } : attributes;
}

/** Everything that decides what a node gives; undefined where that is too much or not all. */
function identity({ op, domain, inputs, attributes }: Node): string | undefined {
  if (RANDOM.test(op)) return undefined;
  const large = Object.values(attributes).some(
    ({ kind, value }) => kind === 'tensor' && value.data.length > MAX_COMPARED,
  );
  if (large) return undefined;
  const sorted = Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([domain, op, inputs, sorted], (_key, value) => {
    // JSON knows no -0, NaN, infinities or big integers.
    if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
    if (typeof value === 'bigint') return String(value);
    return ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
  });
}
