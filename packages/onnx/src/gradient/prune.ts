import type { Model } from '../model.js';
import { readsOf } from './path.js';

/** The model without the nodes and initializers that none of its outputs needs. */
export function pruneGraph(model: Model): Model {
  const needed = new Set(model.graph.outputs.map(({ name }) => name));
  const nodes = model.graph.nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((output) => needed.has(output))) return false;
      for (const name of readsOf(node)) needed.add(name);
      return true;
    })
    .reverse();
  const initializers = new Map([...model.graph.initializers].filter(([name]) => needed.has(name)));
  return { ...model, graph: { ...model.graph, nodes, initializers } };
}
