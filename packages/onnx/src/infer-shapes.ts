import { RetortError } from '@retort/contracts/values';
import { describeNode, type Graph, type Model, type Node, type ValueInfo } from './model.js';
import { findRule } from './registry.js';
import { ShapeContext } from './shapes/context.js';
import { checkExtents, ShapeConflict, unifyShape } from './shapes/dims.js';
import { type Facts, factsOf, UNKNOWN } from './shapes/facts.js';

/**
 * Types and shapes of every value of the graph by name: inputs, initializers and all that the nodes make. Symbolic extents keep
 * their names through the operators; what is not known stays `null` (an extent) or undefined (rank, type), as do the outputs
 * of operators without a rule unless the file declares them. Subgraphs (If, Loop) are not entered.
 *
 * @throws RetortError `RT_INVALID_MODEL` naming the node: shapes that contradict each other or the file's own
 * declarations, a value that nothing produces (a missing initializer) or that is produced twice, nodes out of order; two
 * inputs of one name.
 */
export function inferShapes(model: Model): Map<string, Facts> {
  const { graph } = model;
  const known = new Map<string, Facts>();
  for (const [name, tensor] of graph.initializers) known.set(name, factsOf(tensor));
  for (const { name, type, shape } of graph.inputs) {
    if (known.has(name)) {
      throw new RetortError('RT_INVALID_MODEL', `The graph has two inputs or initializers named "${name}".`);
    }
    known.set(name, { type, shape });
  }
  const declared = new Map([...graph.valueInfo, ...graph.outputs].map((value) => [value.name, value]));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : findInput(known, node, name, graph)));
    const facts = inferNode(node, model.opsets.get(node.domain) ?? 1, inputs);
    node.outputs.forEach((name, i) => {
      if (name === '') return;
      if (known.has(name)) throw invalid(node, `it makes the value "${name}", which exists already`);
      known.set(name, mergeDeclared(facts[i] ?? UNKNOWN, declared.get(name), node));
    });
  }
  for (const { name } of graph.outputs) {
    if (!known.has(name)) throw new RetortError('RT_INVALID_MODEL', `Nothing produces the graph's output "${name}".`);
  }
  return known;
}

function findInput(known: Map<string, Facts>, node: Node, name: string, graph: Graph): Facts {
  const facts = known.get(name);
  if (facts) return facts;
  const later = graph.nodes.some(({ outputs }) => outputs.includes(name));
  throw invalid(
    node,
    later
      ? `it reads "${name}" before the node that makes it: the nodes are out of order or form a cycle`
      : `it reads "${name}", which is no input, no initializer and no node's output`,
  );
}

/**
 * What is known of the outputs of one node; fewer entries than outputs where its operator has no rule.
 *
 * @param inputs facts per input; undefined for an omitted one.
 */
export function inferNode(node: Node, opset: number, inputs: (Facts | undefined)[]): Facts[] {
  const rule = findRule(node);
  if (!rule?.infer) return [];
  try {
    const made = rule.infer(new ShapeContext(node, opset, inputs));
    for (const { shape } of made) checkExtents(shape);
    return made;
  } catch (error) {
    if (error instanceof ShapeConflict) throw invalid(node, error.message);
    throw error;
  }
}

function mergeDeclared(facts: Facts, declared: ValueInfo | undefined, node: Node): Facts {
  if (!declared) return facts;
  if (facts.type !== undefined && facts.type !== declared.type) {
    throw invalid(node, `its output "${declared.name}" is declared as ${declared.type} but is ${facts.type}`);
  }
  try {
    return { ...facts, type: declared.type, shape: unifyShape(facts.shape, declared.shape) };
  } catch (error) {
    if (error instanceof ShapeConflict)
      throw invalid(node, `its output "${declared.name}" is declared otherwise: ${error.message}`);
    throw error;
  }
}

function invalid(node: Node, reason: string): RetortError {
  return new RetortError('RT_INVALID_MODEL', `The graph is not valid at ${describeNode(node)}: ${reason}.`);
}
