import type { Model, Node } from '../model.js';
import { pruneGraph } from '../prune.js';
import { hasSubgraph } from './simplify.js';

/**
 * The model as it answers: `Dropout` is the identity outside training, so its readers read its input instead. Its node stays where its
 * result is an output of the graph (as `Identity`), and where its mask is read or training is turned on. Models with
 * subgraphs (If, Loop) come back as they are.
 */
export function withoutDropout(model: Model): Model {
  const { graph } = model;
  if (graph.nodes.some(hasSubgraph)) return model;
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const read = new Set([...outputs, ...graph.nodes.flatMap(({ inputs }) => inputs)]);
  const renamed = new Map<string, string>();
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const inputs = node.inputs.map((name) => renamed.get(name) ?? name);
    const [result = '', mask = ''] = node.outputs;
    if (node.op !== 'Dropout' || node.domain !== '' || node.inputs[2] || (mask !== '' && read.has(mask))) {
      return [{ ...node, inputs }];
    }
    const source = inputs[0] as string;
    if (outputs.has(result)) return [{ ...node, op: 'Identity', inputs: [source], outputs: [result], attributes: {} }];
    renamed.set(result, source);
    return [];
  });
  return pruneGraph({ ...model, graph: { ...graph, nodes } });
}
