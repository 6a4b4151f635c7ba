import { RetortError } from '@retort/contracts/values';
import { type AttributeInput, GraphBuilder } from '../builder.js';
import { inferNode } from '../infer-shapes.js';
import type { Dim } from '../model.js';
import { type Facts, factsOf, UNKNOWN } from '../shapes/facts.js';
import { type DataType, int64s, int64Vector, type Tensor } from '../tensor.js';
import { TfAttributes } from './attributes.js';
import type { TfNode } from './graph-def.js';

/** Names of the ONNX values that stand for the outputs of a TensorFlow node; one name stands for the only output. */
export type Lowered = string | string[];

/** Turns one TensorFlow node into ONNX nodes. `inputs` are the ONNX values of its (non-control) inputs. */
export type TfRule = (node: LoweringContext, ...inputs: string[]) => Lowered;

/** A node that claims more than this is not taken at its word. */
const MAX_OUTPUTS = 10_000;

/** Constants of up to this many elements are compared with those that are there. */
const MAX_SHARED = 8;

/** The ONNX graph under construction, with what is known of each of its values. */
export class Lowering {
  readonly builder: GraphBuilder;
  /** Indices of which no two rows are equal. */
  readonly distinctRows = new Set<string>();
  readonly #facts = new Map<string, Facts>();
  readonly #constants = new Map<string, string>();

  constructor(name: string) {
    this.builder = new GraphBuilder({ name });
  }

  facts(value: string): Facts {
    const facts = this.#facts.get(value);
    if (!facts) throw new Error(`The value "${value}" was not emitted.`);
    return facts;
  }

  input(name: string, type: DataType, shape: Dim[]): string {
    if (!this.#facts.has(name)) {
      this.builder.input(name, type, shape);
      this.#facts.set(name, { type, shape });
    }
    return name;
  }

  /** A constant; small ones that were added before are shared. */
  constant(tensor: Tensor, stem: string): string {
    const key = contentKey(tensor);
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.builder.constant(tensor, stem);
    this.#facts.set(name, factsOf(tensor));
    if (key !== undefined) this.#constants.set(key, name);
    return name;
  }

  emit(
    stem: string,
    op: string,
    inputs: string[],
    attributes: Record<string, AttributeInput>,
    outputs: number,
  ): string[] {
    const names = Array.from({ length: outputs }, () => this.builder.unique(stem));
    this.builder.addMany(op, inputs, { outputs: names, attributes });
    const node = this.builder.graph.nodes.at(-1);
    const known = inputs.map((input) => (input === '' ? undefined : this.facts(input)));
    const facts = node ? inferNode(node, this.builder.opsets.get('') ?? 1, known) : [];
    names.forEach((name, i) => {
      this.#facts.set(name, facts[i] ?? UNKNOWN);
    });
    return names;
  }
}

function contentKey({ type, dims, data }: Tensor): string | undefined {
  if (data.length > MAX_SHARED || Array.isArray(data)) return undefined;
  return `${type} ${dims}: ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')}`;
}

/** What a rule sees: the attributes of its node, and the means to emit ONNX nodes and to ask what is known of a value. */
export class LoweringContext extends TfAttributes {
  readonly #lowering: Lowering;
  readonly #inputs: Record<string, Dim[]>;

  constructor(node: TfNode, lowering: Lowering, inputs: Record<string, Dim[]>) {
    super(node);
    this.#lowering = lowering;
    this.#inputs = inputs;
  }

  /** Indices of which no two rows are equal; rules add theirs. */
  get distinctRows(): Set<string> {
    return this.#lowering.distinctRows;
  }

  /** Emits a node with one output, whose name it returns. */
  emit(op: string, inputs: string[], attributes: Record<string, AttributeInput> = {}): string {
    return this.emitMany(op, inputs, 1, attributes)[0] as string;
  }

  emitMany(op: string, inputs: string[], outputs: number, attributes: Record<string, AttributeInput> = {}): string[] {
    if (outputs < 1 || outputs > MAX_OUTPUTS) throw this.unsupported(`has ${outputs} outputs`);
    return this.#lowering.emit(this.node.name, op, inputs, attributes, outputs);
  }

  constant(tensor: Tensor): string {
    return this.#lowering.constant(tensor, `${this.node.name}/const`);
  }

  /** An int64 vector: axes, a shape. */
  vector(values: number[]): string {
    return this.constant(int64Vector(values));
  }

  int64(value: number): string {
    return this.constant(int64s([], [value]));
  }

  /** An input of the ONNX graph, with the extents that the importer's options give it. */
  graphInput(name: string, type: DataType): string {
    const shape = this.#inputs[name];
    if (!shape) throw new Error(`The option inputs must give the shape of "${name}".`);
    return this.#lowering.input(name, type, shape);
  }

  typeOf(value: string): DataType | undefined {
    return this.#lowering.facts(value).type;
  }

  shapeOf(value: string): Dim[] | undefined {
    return this.#lowering.facts(value).shape;
  }

  /** @throws RetortError `RT_UNSUPPORTED_OP` where the rank cannot be told before running. */
  rankOf(value: string): number {
    const shape = this.shapeOf(value);
    if (!shape) throw this.unsupported('has an operand of unknown rank');
    return shape.length;
  }

  /** The elements of an integer scalar or vector, null where one cannot be told; undefined where none can. */
  elementsOf(value: string): Dim[] | undefined {
    return this.#lowering.facts(value).elements;
  }

  tensorOf(value: string): Tensor | undefined {
    return this.#lowering.facts(value).constant;
  }

  /**
   * The elements of an integer operand that ONNX wants at conversion time.
   *
   * @throws RetortError `RT_UNSUPPORTED_OP` where they are computed at run time.
   */
  constantInts(value: string, what: string): number[] {
    const elements = this.elementsOf(value);
    if (!elements?.every((element) => typeof element === 'number'))
      throw this.unsupported(`computes its ${what} at run time`);
    return elements;
  }

  constantInt(value: string, what: string): number {
    return this.constantInts(value, what)[0] ?? 0;
  }

  unsupported(reason: string): RetortError {
    return new RetortError(
      'RT_UNSUPPORTED_OP',
      `Node "${this.node.name}" (${this.node.op}) ${reason}, which is not supported.`,
    );
  }
}
