import type { Model } from './model.js';
import { readsOf } from './reads-of.js';

/** The model without the nodes and initializers that none of its outputs needs. Inputs stay: they are the model's signature. */
export function pruneGraph(model: Model): Model {
  const { graph } = model;
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const nodes = graph.nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((output) => needed.has(output))) return false;
      for (const name of readsOf(node)) needed.add(name);
      return true;
    })
    .reverse();
  const initializers = new Map([...graph.initializers].filter(([name]) => needed.has(name)));
  const valueInfo = graph.valueInfo.filter(({ name }) => needed.has(name));
  return { ...model, graph: { ...graph, nodes, initializers, valueInfo } };
}
