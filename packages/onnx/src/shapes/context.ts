import type { Attribute, Dim, Graph, Node } from '../model.js';
import type { Tensor } from '../tensor.js';
import { ShapeConflict } from './dims.js';
import { type Facts, UNKNOWN } from './facts.js';

/** The value of each kind of attribute. */
type Values = { [A in Attribute as A['kind']]: A['value'] };

/** A node with typed access to its attributes. */
export class NodeReader {
  readonly node: Node;

  constructor(node: Node) {
    this.node = node;
  }

  int(name: string, fallback: number): number {
    return this.#read(name, 'int') ?? fallback;
  }

  /** A float attribute; a whole number written as an int is taken too. */
  float(name: string, fallback: number): number {
    const attribute = this.node.attributes[name];
    return attribute?.kind === 'int' ? attribute.value : (this.#read(name, 'float') ?? fallback);
  }

  string(name: string, fallback: string): string {
    return this.#read(name, 'string') ?? fallback;
  }

  ints(name: string): number[] | undefined {
    return this.#read(name, 'ints');
  }

  tensor(name: string): Tensor | undefined {
    return this.#read(name, 'tensor');
  }

  graph(name: string): Graph | undefined {
    return this.#read(name, 'graph');
  }

  #read<K extends keyof Values>(name: string, kind: K): Values[K] | undefined {
    const attribute = this.node.attributes[name];
    if (attribute === undefined) return undefined;
    if (attribute.kind === kind) return attribute.value as Values[K];
    throw new ShapeConflict(`its attribute "${name}" is of kind ${attribute.kind}, not ${kind}`);
  }
}

/** What the shape rule of an operator sees: one node and what is known of its inputs. */
export class ShapeContext extends NodeReader {
  readonly opset: number;
  readonly #inputs: (Facts | undefined)[];

  /** @param inputs facts per input of the node; undefined for an omitted one. */
  constructor(node: Node, opset: number, inputs: (Facts | undefined)[]) {
    super(node);
    this.opset = opset;
    this.#inputs = inputs;
  }

  get inputCount(): number {
    return this.#inputs.length;
  }

  has(index: number): boolean {
    return this.#inputs[index] !== undefined;
  }

  /** What is known of a required input. */
  input(index: number): Facts {
    const facts = this.#inputs[index];
    if (!facts) throw new ShapeConflict(`its input ${index} is missing`);
    return facts;
  }

  /** Facts of an optional input; unknown where it is omitted. */
  optional(index: number): Facts {
    return this.#inputs[index] ?? UNKNOWN;
  }

  shape(index: number): Dim[] | undefined {
    return this.input(index).shape;
  }

  /** Integers of an input all of which are known; undefined where it is omitted or any is not. */
  knownInts(index: number): number[] | undefined {
    const elements = this.#inputs[index]?.elements;
    return elements?.every((element) => typeof element === 'number') ? (elements as number[]) : undefined;
  }

  /**
   * Axes that newer opsets take as an input and older ones as the attribute `axes`: the list, `'all'` where neither is
   * given, undefined where they are computed and so unknown.
   */
  axes(index = 1): number[] | 'all' | undefined {
    const attribute = this.ints('axes');
    if (attribute) return attribute;
    return this.has(index) ? this.knownInts(index) : 'all';
  }
}
