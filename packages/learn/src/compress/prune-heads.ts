import { findInitializer, GraphBuilder, int64Vector, type Model, type Node, pruneGraph } from '@retort/onnx';
import type { TrainableModel } from '../trainable.js';
import { mostImportant } from './importance.js';
import { takeColumns, takeRows, withTensors } from './rows-and-columns.js';

/** One self-attention of an encoder student. */
export interface AttentionLayer {
  /** `layers.i.attention`. */
  name: string;
  heads: number;
  headWidth: number;
}

const QKV = '.qkv.weight';

/**
 * The attention layers of an encoder student, by the names and the form that `selfAttention` gives them; none for other students.
 */
export function attentionLayers({ model, trainable }: TrainableModel): AttentionLayer[] {
  return trainable
    .filter((weight) => weight.endsWith(QKV))
    .flatMap((weight) => {
      const name = weight.slice(0, -QKV.length);
      const found = partsOf(model, name);
      return found ? [{ name, heads: found.heads, headWidth: found.headWidth }] : [];
    });
}

/** The matrix whose rows read the heads, `[heads·headWidth, width]`. */
export const outputMatrix = ({ name }: AttentionLayer) => `${name}.output.weight`;

/**
 * Takes a share of all heads away, the least important ones of the whole student (Michel et al. 2019); every layer keeps at least
 * its best one. The scores of a layer are divided by their L2 norm first, so that layers can be compared (Molchanov et al. 2017).
 *
 * The projections to q, k, v lose columns and the output projection rows: the graph is smaller. Heads keep their width, so that layers
 * may differ in their number.
 *
 * @param scores importance of each head, for each of `layers` @param share 0..1
 * @returns the student, and by layer the heads that stayed, ascending
 */
export function pruneHeads(
  student: TrainableModel,
  layers: readonly AttentionLayer[],
  scores: readonly Float64Array[],
  share: number,
): { student: TrainableModel; kept: Int32Array[] } {
  const total = layers.reduce((sum, { heads }) => sum + heads, 0);
  const comparable = scores.map((own) => {
    const norm = Math.hypot(...own) || 1;
    const best = mostImportant(own, 1)[0];
    // The best of each layer stays whatever the others have.
    return own.map((score, head) => (head === best ? Number.POSITIVE_INFINITY : score / norm));
  });
  const count = Math.max(layers.length, total - Math.floor(share * total));
  const all = Float64Array.from(comparable.flatMap((own) => [...own]));
  const chosen = mostImportant(all, count);
  let first = 0;
  const kept = layers.map(({ heads }) => {
    const own = chosen.filter((at) => at >= first && at < first + heads).map((at) => at - first);
    first += heads;
    return own;
  });
  return { student: layers.reduce((smaller, layer, i) => keepHeads(smaller, layer, kept[i]), student), kept };
}

/** The student with only the given heads, ascending, in one layer. */
export function keepHeads(student: TrainableModel, layer: AttentionLayer, kept: Int32Array): TrainableModel {
  const { name, heads, headWidth } = layer;
  const parts = partsOf(student.model, name);
  if (!parts || kept.length === heads) return student;
  const inner = kept.length * headWidth;
  const columns = Array.from(kept, (head) => Array.from({ length: headWidth }, (_, j) => head * headWidth + j)).flat();
  const threefold = [0, 1, 2].flatMap((part) => columns.map((column) => part * heads * headWidth + column));
  const cut = withTensors(
    student,
    new Map([
      [`${name}.qkv.weight`, (tensor) => takeColumns(tensor, threefold)],
      [`${name}.qkv.bias`, (tensor) => takeRows(tensor, threefold)],
      [`${name}.output.weight`, (tensor) => takeRows(tensor, columns)],
    ]),
  );
  // The constants may be shared with other layers: this one gets its own.
  const b = new GraphBuilder({ base: cut.model });
  const replaced = new Map<Node, Node>();
  const second = (node: Node, value: string) => replaced.set(node, { ...node, inputs: [node.inputs[0], value] });
  second(parts.split, b.constant(int64Vector([inner, inner, inner]), `${name}.parts`));
  second(parts.merge, b.constant(int64Vector([-1, inner]), `${name}.extents`));
  const extents = b.unique(`${name}.split_heads`);
  const [shape = ''] = parts.extents.inputs;
  const byHead = b.constant(int64Vector([kept.length, headWidth]), `${name}.heads`);
  for (const reshape of parts.reshapes) second(reshape, extents);
  const nodes = cut.model.graph.nodes.flatMap((node) => {
    const own = replaced.get(node) ?? node;
    if (node !== parts.extents) return [own];
    return [own, { ...node, name: extents, inputs: [shape, byHead], outputs: [extents] }];
  });
  return { ...student, model: pruneGraph({ ...cut.model, graph: { ...b.graph, nodes } }) };
}

interface AttentionParts {
  heads: number;
  headWidth: number;
  /** q, k and v apart. */
  split: Node;
  /** `[batch·tokens, width]` → `[batch, tokens, heads, headWidth]`, of q, k and v. */
  reshapes: Node[];
  /** Concat of `[batch, tokens]` and `[heads, headWidth]`, which the reshapes take their extents from. */
  extents: Node;
  /** The heads side by side again. */
  merge: Node;
}

function partsOf(model: Model, name: string): AttentionParts | undefined {
  const { nodes } = model.graph;
  const reading = (value: string | undefined) => nodes.filter(({ inputs }) => inputs.includes(value ?? ''));
  const making = (value: string | undefined) => nodes.find(({ outputs }) => outputs.includes(value ?? ''));
  const [qkv] = reading(`${name}.qkv.weight`);
  const [split] = reading(qkv?.outputs[0]);
  const [output] = reading(`${name}.output.weight`);
  const merge = making(output?.inputs[0]);
  const reshapes = split?.outputs.flatMap(reading) ?? [];
  const extents = making(reshapes[0]?.inputs[1]);
  const isForm = [split?.op, merge?.op, extents?.op].join() === 'Split,Reshape,Concat' && reshapes.length === 3;
  if (!isForm || !reshapes.every(({ op, inputs }) => op === 'Reshape' && inputs[1] === reshapes[0].inputs[1])) {
    return undefined;
  }
  const [heads, headWidth] = Array.from(
    findInitializer(model, (extents as Node).inputs[1], 'int64').data as BigInt64Array,
    Number,
  );
  return { heads, headWidth, split, reshapes, extents: extents as Node, merge: merge as Node };
}
