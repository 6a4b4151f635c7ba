import { type AddOptions, GraphBuilder } from '../builder.js';
import type { Dim, Model, Node } from '../model.js';
import { toProtoType } from '../proto-types.js';
import { ShapeContext } from '../shapes/context.js';
import { isStatic, normalizeAxis, sameDim, sameShape, unifyShape } from '../shapes/dims.js';
import { type Facts, factsOf, UNKNOWN } from '../shapes/facts.js';
import { type DataType, int64Vector, type Tensor } from '../tensor.js';
import { UnknownRank, UnsupportedUse } from './refusals.js';

/** Finds what tells the types and shapes that a node makes; undefined where nothing is known of its operator. */
export type FindInference = (node: Node) => { infer?: (context: ShapeContext) => Facts[] } | undefined;

/**
 * Appends nodes to a graph while knowing the type and shape of every value, those it appends included. The methods are the
 * small vocabulary that gradient rules are written in; each returns the name of the value it made.
 */
export class Emitter {
  readonly builder: GraphBuilder;
  readonly #findInference: FindInference;
  readonly #stem: string;
  readonly #facts: Map<string, Facts>;
  readonly #constants = new Map<string, string>();
  /** Values that several rules use, by what they are. */
  readonly #made = new Map<string, string>();

  /**
   * @param facts of all values of `model` (`inferShapes`); grows with what is emitted.
   * @param findInference of the operators that are emitted. The registry's `findRule`, which emitters do not know: its rules know them.
   * @param stem what the names of the emitted values begin with.
   */
  constructor(model: Model, facts: Map<string, Facts>, findInference: FindInference, stem = 'grad') {
    this.builder = new GraphBuilder({ base: model });
    this.#findInference = findInference;
    this.#stem = stem;
    this.#facts = facts;
  }

  get opset(): number {
    return this.builder.opsets.get('') ?? 0;
  }

  facts(name: string): Facts {
    return this.#facts.get(name) ?? UNKNOWN;
  }

  /** The shape of a value whose rank must be known: `gradient` has checked that of all that rules can ask for. */
  shape(name: string): Dim[] {
    const { shape } = this.facts(name);
    if (!shape) throw new UnknownRank(name);
    return shape;
  }

  rank(name: string): number {
    return this.shape(name).length;
  }

  /** A name for a new output of `op`. */
  name(op: string): string {
    return this.builder.unique(`${this.#stem}/${op}`);
  }

  /** Appends a node of one output. */
  emit(op: string, inputs: string[], options: AddOptions = {}): string {
    return this.emitMany(op, inputs, { outputs: [this.name(op)], ...options })[0];
  }

  emitMany(op: string, inputs: string[], options: AddOptions): string[] {
    const names = this.builder.addMany(op, inputs, options);
    this.learn(this.builder.graph.nodes.at(-1) as Node);
    return names;
  }

  /** Infers what is not known yet of a node's outputs. */
  learn(node: Node): void {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : this.facts(name)));
    const made = this.#findInference(node)?.infer?.(new ShapeContext(node, this.opset, inputs));
    for (const [i, name] of node.outputs.entries()) {
      if (name !== '' && !this.#facts.has(name)) this.#facts.set(name, made?.[i] ?? UNKNOWN);
    }
  }

  /** Emits something once, however many rules need it: `key` says what it is. */
  once(key: string, make: () => string): string {
    const existing = this.#made.get(key);
    if (existing !== undefined) return existing;
    const made = make();
    this.#made.set(key, made);
    return made;
  }

  /** Records that two values are of one shape, where that follows from what they mean and not from their operators. */
  assumeShape(name: string, like: string): string {
    const facts = this.facts(name);
    this.#facts.set(name, { ...facts, shape: unifyShape(this.facts(like).shape, facts.shape) });
    return name;
  }

  /** A constant; equal ones are shared. */
  constant(tensor: Tensor): string {
    const key = `${tensor.type}[${tensor.dims}]${tensor.data}`;
    const existing = this.#constants.get(key);
    if (existing !== undefined) return existing;
    const name = this.builder.constant(tensor, `${this.#stem}/const`);
    this.#facts.set(name, factsOf(tensor));
    this.#constants.set(key, name);
    return name;
  }

  /** A scalar of the element type of `like`. */
  scalar(value: number, like: string): string {
    const type = this.facts(like).type;
    if (type === 'float64') return this.constant({ type, dims: [], data: Float64Array.of(value) });
    return this.constant({ type: 'float32', dims: [], data: Float32Array.of(value) });
  }

  ints(values: number[]): string {
    return this.constant(int64Vector(values));
  }

  neg(a: string): string {
    return this.emit('Neg', [a]);
  }

  addTo(a: string, b: string): string {
    return this.emit('Add', [a, b]);
  }

  sub(a: string, b: string): string {
    return this.emit('Sub', [a, b]);
  }

  mul(a: string, b: string): string {
    return this.emit('Mul', [a, b]);
  }

  div(a: string, b: string): string {
    return this.emit('Div', [a, b]);
  }

  cast(a: string, type: DataType): string {
    return this.emit('Cast', [a], { attributes: { to: toProtoType(type) } });
  }

  /** Sum over axes (all when empty), whose extents become 1. */
  reduceSum(a: string, axes: number[]): string {
    return this.emit('ReduceSum', axes.length > 0 ? [a, this.ints(axes)] : [a], { attributes: { keepdims: 1 } });
  }

  transpose(a: string, permutation: number[]): string {
    if (permutation.every((axis, i) => axis === i)) return a;
    return this.emit('Transpose', [a], { attributes: { perm: permutation } });
  }

  /** Swaps the last two axes. */
  transposeLast(a: string): string {
    const axes = this.shape(a).map((_, axis) => axis);
    axes.push(...axes.splice(-2).reverse());
    return this.transpose(a, axes);
  }

  /**
   * `op(a) · op(b)` over the last two axes, where op transposes if asked; both of rank 2 or more, leading axes broadcast.
   * float32 goes through FusedMatMul, which reads the transposed operand in place.
   */
  matmul(a: string, b: string, { transA = false, transB = false } = {}): string {
    if (!transA && !transB) return this.emit('MatMul', [a, b]);
    if (this.facts(a).type === 'float32') {
      return this.emit('FusedMatMul', [a, b], {
        domain: 'com.microsoft',
        attributes: { transA: transA ? 1 : 0, transB: transB ? 1 : 0 },
      });
    }
    return this.emit('MatMul', [transA ? this.transposeLast(a) : a, transB ? this.transposeLast(b) : b]);
  }

  /** The shape of a value as an int64 vector: a constant where it is static. */
  shapeValue(name: string): string {
    const { shape } = this.facts(name);
    if (isStatic(shape)) return this.ints(shape);
    return this.once(`shape ${name}`, () => this.emit('Shape', [name]));
  }

  /** One extent of a value, as an int64 vector of one element. */
  extent(name: string, axis: number): string {
    const shape = this.shape(name);
    const at = normalizeAxis(axis, shape.length);
    const dim = shape[at];
    if (typeof dim === 'number') return this.ints([dim]);
    return this.emit('Slice', [this.shapeValue(name), this.ints([at]), this.ints([at + 1])]);
  }

  /** Zeros of the shape and type of `like`. */
  zerosLike(like: string): string {
    return this.emit('Expand', [this.scalar(0, like), this.shapeValue(like)]);
  }

  /** `a` broadcast to the shape of `like`. */
  expandLike(a: string, like: string): string {
    if (sameShape(this.facts(a).shape, this.facts(like).shape)) return a;
    return this.emit('Expand', [a, this.shapeValue(like)]);
  }

  /**
   * `a` in the shape of `like`, which has as many elements. The target is a constant where all but one of its extents are
   * numbers or stand at the same axis of `a`.
   */
  reshapeLike(a: string, like: string): string {
    const from = this.facts(a).shape ?? [];
    const to = this.shape(like);
    if (sameShape(from, to)) return a;
    // In Reshape, 0 copies the extent of the input's same axis and -1 is what remains.
    const target = to.map((dim, axis) =>
      typeof dim === 'number' && dim > 0 ? dim : sameDim(dim, from[axis]) ? 0 : -1,
    );
    const isConstant = target.filter((dim) => dim === -1).length <= 1 && !to.includes(0);
    return this.assumeShape(this.emit('Reshape', [a, isConstant ? this.ints(target) : this.shapeValue(like)]), like);
  }

  /** `a` in the given shape, in which one extent may be -1: what is left. */
  reshapeTo(a: string, dims: number[]): string {
    const shape = this.shape(a);
    const isSame = shape.length === dims.length && dims.every((dim, axis) => dim === -1 || dim === shape[axis]);
    return isSame ? a : this.emit('Reshape', [a, this.ints(dims)]);
  }

  /** One axis that holds all elements. */
  flatten(a: string): string {
    return this.reshapeTo(a, [-1]);
  }

  unsqueeze(a: string, axes: number[]): string {
    return this.emit('Unsqueeze', [a, this.ints(axes)]);
  }

  /**
   * The gradient of picking along one axis: zeros of the shape of `like`, with the slices of `slices` added at `indices` (a
   * vector; repeated ones add up) along `axis`.
   *
   * ScatterElements and not ScatterND, which wants fewer indices: ONNX Runtime 1.30 makes the latter's additions in parallel, and
   * loses some where an index repeats.
   */
  scatterAdd(like: string, axis: number, indices: string, slices: string): string {
    const spread = this.shape(like).map((_, other) => (other === axis ? -1 : 1));
    const everywhere = this.emit('Expand', [
      this.emit('Reshape', [indices, this.ints(spread)]),
      this.shapeValue(slices),
    ]);
    return this.scatterElements(this.zerosLike(like), everywhere, slices, axis, this.#areDistinct(indices));
  }

  /**
   * `zeros` with `values` added at `indices` along `axis`. Before opset 16 ScatterElements cannot add, which only matters where
   * an index repeats.
   *
   * @param distinct that none does.
   */
  scatterElements(zeros: string, indices: string, values: string, axis: number, distinct: boolean): string {
    if (!distinct && this.opset < 16) throw new UnsupportedUse('to add up what was picked twice takes opset 16');
    const reduction: Record<string, string> = distinct ? {} : { reduction: 'add' };
    return this.emit('ScatterElements', [zeros, indices, values], { attributes: { axis, ...reduction } });
  }

  /** True for known indices of which no two are the same. */
  #areDistinct(indices: string): boolean {
    const { elements } = this.facts(indices);
    if (!elements?.every((element) => typeof element === 'number')) return false;
    const oneSided = elements.every((index) => index >= 0) || elements.every((index) => index < 0);
    return oneSided && new Set(elements).size === elements.length;
  }
}
