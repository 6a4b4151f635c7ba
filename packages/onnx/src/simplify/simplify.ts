import type { Model, Node } from '../model.js';
import { pruneGraph } from '../prune.js';
import { fuseGelu } from './fuse-gelu.js';
import { fuseLayerNorm } from './fuse-layer-norm.js';
import { Rebuilder } from './rebuild.js';

/**
 * A leaner graph that computes the same: one pass over the nodes folds shape arithmetic into constants, merges equal nodes and
 * moves reshapes down until they cancel; then layer normalisations and GELUs that exporters spell out become one node each, and what no
 * output needs is dropped. Inputs and outputs keep their names. Float arithmetic is not reordered otherwise, and floats are
 * not folded: ONNX Runtime does that when it loads the model.
 *
 * Models with subgraphs (If, Loop) come back as they are.
 *
 * @throws RetortError `RT_INVALID_MODEL` naming the node, for shapes that contradict each other.
 */
export function simplify(model: Model): Model {
  if (model.graph.nodes.some(hasSubgraph)) return model;
  return pruneGraph(fuseGelu(fuseLayerNorm(new Rebuilder(model).run())));
}

export function hasSubgraph(node: Node): boolean {
  return Object.values(node.attributes).some(({ kind }) => kind === 'graph');
}
