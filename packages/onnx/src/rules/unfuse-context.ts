import type { Emitter } from '../emit/emitter.js';
import { UnsupportedUse } from '../emit/refusals.js';
import type { Node } from '../model.js';
import { NodeReader } from '../shapes/context.js';

/** What the rule that takes a fused operator apart sees: its node, and the means to emit others in its place. */
export class UnfuseContext extends NodeReader {
  readonly emitter: Emitter;

  constructor(node: Node, emitter: Emitter) {
    super(node);
    this.emitter = emitter;
  }

  has(index: number): boolean {
    return this.input(index) !== '';
  }

  /** Name of the node's input; empty where it is omitted. */
  input(index: number): string {
    return this.node.inputs[index] ?? '';
  }

  /** Whether the node names that output. */
  makes(index: number): boolean {
    return (this.node.outputs[index] ?? '') !== '';
  }

  /** @throws UnsupportedUse always: what the node does has no ordinary form. */
  refuse(why: string): never {
    throw new UnsupportedUse(why);
  }

  /** @throws UnsupportedUse where the node has any of these inputs; the values say what they are. */
  refuseInputs(inputs: Record<number, string>): void {
    for (const [index, what] of Object.entries(inputs)) {
      if (this.has(Number(index))) this.refuse(`its input ${what} is not supported`);
    }
  }

  /** @throws UnsupportedUse where the node makes any of these outputs; the values say what they are. */
  refuseOutputs(outputs: Record<number, string>): void {
    for (const [index, what] of Object.entries(outputs)) {
      if (this.makes(Number(index))) this.refuse(`its output ${what} is not supported`);
    }
  }

  /** @throws UnsupportedUse where any of these integer attributes is set to something else than its value here. */
  refuseAttributes(neutral: Record<string, number>): void {
    for (const [name, value] of Object.entries(neutral)) {
      const given = this.int(name, value);
      if (given !== value) this.refuse(`its attribute ${name} = ${given} is not supported`);
    }
  }
}
