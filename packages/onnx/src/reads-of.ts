import type { Graph, Node } from './model.js';

/**
 * All values that a node reads: its inputs, and what its subgraphs capture from outside, which ONNX does not list.
 */
export function readsOf(node: Node): string[] {
  const reads = node.inputs.filter((name) => name !== '');
  for (const attribute of Object.values(node.attributes)) {
    if (attribute.kind === 'graph') reads.push(...capturedBy(attribute.value));
  }
  return reads;
}

function capturedBy(graph: Graph): string[] {
  const own = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.initializers.keys(),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const reads = [...graph.nodes.flatMap(readsOf), ...graph.outputs.map(({ name }) => name)];
  return reads.filter((name) => !own.has(name));
}
