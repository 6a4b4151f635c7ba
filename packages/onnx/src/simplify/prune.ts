import type { Model, Node } from '../model.js';

/** Drops the nodes and initializers that no output depends on. Inputs stay: they are the model's signature. */
export function prune(model: Model): Model {
  const { graph } = model;
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const nodes: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    nodes.push(node);
    for (const input of node.inputs) needed.add(input);
  }
  return {
    ...model,
    graph: {
      ...graph,
      nodes: nodes.reverse(),
      initializers: new Map([...graph.initializers].filter(([name]) => needed.has(name))),
      valueInfo: graph.valueInfo.filter(({ name }) => needed.has(name)),
    },
  };
}
