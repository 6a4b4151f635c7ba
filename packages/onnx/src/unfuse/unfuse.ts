import { Emitter } from '../emit/emitter.js';
import { explainRefusal, placeOf } from '../emit/refusals.js';
import { inferShapes } from '../infer-shapes.js';
import { type Model, type Node, renameValues } from '../model.js';
import { findRule } from '../registry.js';
import { UnfuseContext } from '../rules/unfuse-context.js';

/** True for a node that {@link unfuse} takes apart. */
export function isFused(node: Node): boolean {
  return findRule(node)?.unfuse !== undefined;
}

/**
 * The opposite of what exporters' optimizers do: every fused operator (`com.microsoft.Attention`, `SkipLayerNormalization`…) is
 * replaced by the ordinary ones that it stands for, which have gradient rules of their own. All values keep their names, and within
 * rounding their elements. The given model is not changed; subgraphs (If, Loop) are not entered.
 *
 * @param only the nodes to take apart; default all that are fused.
 * @throws RetortError `RT_UNSUPPORTED_OP` for a use that has no ordinary form (a past state, a cache), naming node, opset and what it
 * is; `RT_INVALID_MODEL` for what `inferShapes` refuses, and where a form needs the rank of a value and nothing tells it.
 */
export function unfuse(model: Model, only: ReadonlySet<Node> = new Set(model.graph.nodes.filter(isFused))): Model {
  if (only.size === 0) return model;
  const emitter = new Emitter(model, inferShapes(model), findRule, 'unfused');
  const { builder } = emitter;
  const { nodes } = builder.graph;
  const given = nodes.splice(0);
  for (const node of given) {
    if (only.has(node)) takeApart(node, emitter);
    else nodes.push(node);
  }
  const { irVersion, producer, metadata } = model;
  return builder.build({ irVersion, producer, metadata });
}

/** Appends what a node stands for, with the node's names for its outputs. */
function takeApart(node: Node, emitter: Emitter): void {
  const { nodes } = emitter.builder.graph;
  const start = nodes.length;
  const names = new Map<string, string>();
  try {
    const values = findRule(node)?.unfuse?.(new UnfuseContext(node, emitter)) ?? [];
    const made = new Set(nodes.slice(start).flatMap(({ outputs }) => outputs));
    node.outputs.forEach((output, i) => {
      const value = values[i];
      if (output === '' || !value) return;
      emitter.assumeShape(output, value);
      if (made.has(value) && !names.has(value)) names.set(value, output);
      // What the node only passes on, or gives twice.
      else emitter.emit('Identity', [value], { outputs: [output] });
    });
  } catch (error) {
    throw explainRefusal(error, placeOf(node, emitter.builder.opsets), 'unfused');
  }
  for (const part of nodes.splice(start)) {
    const renamed = renameValues(part, names);
    // An ordinary form may be made of simpler fused operators.
    if (isFused(renamed)) takeApart(renamed, emitter);
    else nodes.push(renamed);
  }
}
