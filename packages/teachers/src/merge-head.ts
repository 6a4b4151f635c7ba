import { type Attribute, findValue, GraphBuilder, type Model, type Node } from '@retort/onnx';
import { EMBEDDING } from './encoder-graph.js';
import { IR_VERSION, layerNormalization } from './graph-ops.js';
import { invalidTeacher } from './invalid-teacher.js';

export interface MergedHead {
  model: Model;
  /** What the head's initializers are named in `model`. */
  names: ReadonlyMap<string, string>;
}

/**
 * One classifier graph of an encoder (as `encoderGraph` makes it) and a head: the encoder's inputs, and the head's `logits`
 * as the only output.
 *
 * @param head a graph from `features` `[batch, width]` to `logits` `[batch, classes]`
 */
export function mergeHead(encoder: Model, head: Model): MergedHead {
  const b = new GraphBuilder({ base: encoder });
  if (b.graph.nodes.some(({ outputs }) => outputs.includes('logits'))) {
    throw invalidTeacher('The model has a value named "logits" within: rename it and export again.');
  }
  const names = new Map([['features', EMBEDDING]]);
  for (const [name, tensor] of head.graph.initializers) names.set(name, b.constant(tensor, name));
  for (const node of head.graph.nodes) {
    const inputs = node.inputs.map((name) => (name === '' ? '' : names.get(name)!));
    if (node.op === 'LayerNormalization') {
      // The encoder's operator set may be older than this operator.
      names.set(
        node.outputs[0],
        layerNormalization(b, inputs as [string, string, string], floatOf(node, 'epsilon', 1e-5)),
      );
      continue;
    }
    const outputs = node.outputs.map((name) => (name === 'logits' ? name : b.unique(name)));
    b.addMany(node.op, inputs, { outputs, domain: node.domain, attributes: node.attributes });
    for (const [i, name] of node.outputs.entries()) names.set(name, outputs[i]);
  }
  b.graph.outputs = [];
  b.output('logits', 'float32', ['batch', findValue(head.graph.outputs, 'logits')?.shape?.at(-1) ?? null]);
  const built = { ...b.build(), irVersion: Math.max(encoder.irVersion, IR_VERSION), metadata: encoder.metadata };
  return { model: built, names };
}

function floatOf(node: Node, name: string, otherwise: number): number {
  const attribute: Attribute | undefined = node.attributes[name];
  return attribute?.kind === 'float' ? attribute.value : otherwise;
}
