import type { Model, Node } from '../model.js';
import { readsOf } from '../reads-of.js';
import type { Facts } from '../shapes/facts.js';
import type { DataType } from '../tensor.js';

/** What lies between the variables and the loss: only this part of a graph is differentiated. */
export interface Path {
  /** In the graph's order. */
  nodes: Node[];
  /** Values that depend on a variable and that the loss depends on. */
  values: Set<string>;
}

/** The element types that carry gradients. */
export function isFloat(type: DataType | undefined): type is 'float32' | 'float64' {
  return type === 'float32' || type === 'float64';
}

/**
 * Values downstream of a variable, met with values upstream of the loss. A value of integers or booleans carries no gradient
 * and so ends the way (ArgMax, Shape, a comparison); one of unknown type does not.
 */
export function findPath(model: Model, facts: Map<string, Facts>, loss: string, wrt: string[]): Path {
  const { nodes } = model.graph;
  const downstream = new Set(wrt);
  for (const node of nodes) {
    if (!readsOf(node).some((name) => downstream.has(name))) continue;
    for (const output of node.outputs) {
      const type = facts.get(output)?.type;
      if (output !== '' && (type === undefined || isFloat(type))) downstream.add(output);
    }
  }
  const upstream = new Set([loss]);
  const onPath: Node[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => upstream.has(output) && downstream.has(output))) continue;
    onPath.push(node);
    for (const name of readsOf(node)) if (downstream.has(name)) upstream.add(name);
  }
  return { nodes: onPath.reverse(), values: new Set([...upstream].filter((name) => downstream.has(name))) };
}
