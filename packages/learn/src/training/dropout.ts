import { RetortError } from '@retort/contracts/values';
import { describeNode, type Model } from '@retort/onnx';
import { Random } from '../random.js';

/** Sets the masks' random numbers apart from those that deal the batches, which come of the same seed. */
const STREAM = 0x5bd1e995;
/** Seeds below this leave room for as many runs before ONNX Runtime's generator, modulo 2³¹ - 1, comes round. */
const SEEDS = 2 ** 30;

/**
 * The graph with its `Dropout` nodes switched on: a forward graph carries them with a constant ratio and no `training_mode`, which
 * makes them the identity wherever it is served. Each gets a seed of its own.
 *
 * ONNX Runtime's CPU kernel counts its runs per node and draws the mask of run k (0 for the first of the session) from the seed
 * plus k. So a session that is opened with `runs` runs behind it goes on with the masks that the first would have drawn.
 *
 * @param seed of the training @param runs made so far of the training graph
 * @throws RetortError `RT_UNSUPPORTED_OP` before opset 12, where the mode was no input
 */
export function withDropout(model: Model, seed: number, runs: number): Model {
  const { graph } = model;
  if (!graph.nodes.some(({ op, domain }) => op === 'Dropout' && domain === '')) return model;
  const random = new Random((seed ^ STREAM) >>> 0);
  const taken = new Set([...graph.initializers.keys(), ...graph.nodes.flatMap(({ outputs }) => outputs)]);
  let mode = 'training_mode';
  for (let i = 1; taken.has(mode); i++) mode = `training_mode_${i}`;
  const nodes = graph.nodes.map((node) => {
    if (node.op !== 'Dropout' || node.domain !== '') return node;
    if ((model.opsets.get('') ?? 0) < 12) {
      throw new RetortError('RT_UNSUPPORTED_OP', `${describeNode(node)} needs opset 12 or newer to be trained.`);
    }
    const attributes = { ...node.attributes, seed: { kind: 'int' as const, value: 1 + random.below(SEEDS) + runs } };
    return { ...node, inputs: [node.inputs[0], node.inputs[1] ?? '', mode], attributes };
  });
  const initializers = new Map(graph.initializers);
  initializers.set(mode, { type: 'bool', dims: [], data: Uint8Array.of(1) });
  return { ...model, graph: { ...graph, nodes, initializers } };
}
