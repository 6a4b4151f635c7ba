import type { Emitter } from '../emit/emitter.js';
import { UnsupportedUse } from '../emit/refusals.js';
import type { Dim, Node } from '../model.js';
import { NodeReader } from '../shapes/context.js';
import { normalizeAxis } from '../shapes/dims.js';
import type { Tensor } from '../tensor.js';

/** What the gradient rule of an operator sees: its node, the gradients of its outputs, and the means to emit nodes. */
export class GradientContext extends NodeReader {
  readonly emitter: Emitter;
  readonly #outputGradients: (string | undefined)[];
  readonly #isConstant: (name: string) => boolean;

  /**
   * @param outputGradients name of dL/d(output), of exactly the output's shape; undefined where the loss does not depend on it.
   * @param isConstant whether a value can be read now, that is, training does not change it.
   */
  constructor(
    node: Node,
    emitter: Emitter,
    outputGradients: (string | undefined)[],
    isConstant: (name: string) => boolean,
  ) {
    super(node);
    this.emitter = emitter;
    this.#outputGradients = outputGradients;
    this.#isConstant = isConstant;
  }

  /** Name of the node's input. */
  input(index: number): string {
    return this.node.inputs[index] ?? '';
  }

  /** Name of the node's output, a forward value that the rule may reuse. */
  output(index: number): string {
    return this.node.outputs[index] ?? '';
  }

  /**
   * An optional output (LayerNormalization's mean) that the forward graph may not have asked for: it is added to the node.
   * ONNX Runtime computes it anyway.
   */
  optionalOutput(index: number): string {
    const { outputs } = this.node;
    while (outputs.length <= index) outputs.push('');
    outputs[index] ||= this.emitter.builder.unique(`${outputs[0]}/output_${index}`);
    this.emitter.learn(this.node);
    return outputs[index];
  }

  has(index: number): boolean {
    return this.input(index) !== '';
  }

  /** dL/d(first output). */
  get dy(): string {
    const gradient = this.#outputGradients[0];
    if (gradient === undefined) throw new UnsupportedUse('the loss depends on its further outputs only');
    return gradient;
  }

  /** dL/d(output), undefined where the loss does not depend on that output. */
  outputGradient(index: number): string | undefined {
    return this.#outputGradients[index];
  }

  shape(index: number): Dim[] {
    return this.emitter.shape(this.input(index));
  }

  /** An axis attribute of the node, counted from the front of its first input. */
  axis(fallback: number, name = 'axis'): number {
    return normalizeAxis(this.int(name, fallback), this.shape(0).length);
  }

  /** The value of an input that is fixed before training, or undefined. */
  constant(index: number): Tensor | undefined {
    const name = this.input(index);
    return this.#isConstant(name) ? this.emitter.facts(name).constant : undefined;
  }

  /** The one element of a fixed scalar input, or undefined. */
  constantScalar(index: number): number | undefined {
    const data = this.constant(index)?.data;
    return data?.length === 1 ? Number(data[0]) : undefined;
  }

  /** Known integers of an input (axes, starts), or undefined where it is omitted or computed. */
  knownInts(index: number): number[] | undefined {
    const elements = this.emitter.facts(this.input(index)).elements;
    return elements?.every((element) => typeof element === 'number') ? (elements as number[]) : undefined;
  }

  /** Runs `make` at the first call only: for parts that the gradients of several inputs share. */
  shared(make: () => string): () => string {
    let made: string | undefined;
    return () => {
      made ??= make();
      return made;
    };
  }
}
