import { type Model, type Node, sizeOf, type Tensor } from '@retort/onnx';
import { tokenTable } from './token-table.js';

/** Where the learned weights of an encoder are. */
export interface WeightLayers {
  /** Every learned weight with its depth, in the order in which data meets them: 0 embeddings, 1..count the layers, count + 1 what follows them. */
  depths: Map<string, number>;
  /** Number of layers. */
  count: number;
}

/** A learned weight where the data meets it. */
interface MetWeight {
  name: string;
  /** Index of the node at which it meets the data. */
  at: number;
  /** Whether it is a table that ids are looked up in. */
  table: boolean;
  /** Equal for weights that do the same in two layers: operator, input, shape. */
  signature: string;
}

/** Most weights that one layer may have; those of encoders have 12 to 26. */
const MAX_PERIOD = 128;

/** What may stand between a weight and its use, and keeps its elements. */
const WEIGHT_STEPS = new Set(['Identity', 'Cast', 'Transpose', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten']);

/** Operators of whose inputs vectors are learned (biases, scales), larger tensors are not: masks, tables of positions. */
const ELEMENTWISE = new Set(['Add', 'Sub', 'Mul', 'Div']);

/** Operators whose further float inputs are weights, whatever their shape. */
const WEIGHTED =
  /^(MatMul|Gemm|FusedMatMul|Einsum|Conv|Gather|.*LayerNormalization|RMSNormalization|.*Gelu|Attention|MultiHeadAttention|PRelu)$/;

/**
 * Finds the learned weights of an encoder and the layer of each, by the graph alone: exporters keep no names.
 *
 * The data is what becomes of the rows that `input_ids` look up, as far as `output` depends on it. An initializer of float32 is
 * a learned weight where it is a table, a factor of a product, or a vector that is added or multiplied to the data; a scalar, a mask or
 * a table of frequencies that never meets the data so is a constant of the formula.
 *
 * Layers are the longest run of repetitions in the sequence of weights (operator and shape of each), cut where a single
 * value carries all of the data, as it does between the blocks of a transformer. What comes before them is the embeddings, what comes
 * after (a pooler, a last norm) lies one deeper. Without a repetition, all but the tables is one layer.
 */
export function weightLayers(model: Model, output: string): WeightLayers {
  const data = dataPath(model, output);
  const met = metWeights(model, data);
  const { start, period, count } = repetition(met, bottlenecks(model, data, met));
  const depths = new Map<string, number>();
  for (const [i, { name, table }] of met.entries()) {
    if (count === 0) depths.set(name, table ? 0 : 1);
    else depths.set(name, i < start ? 0 : Math.min(1 + Math.floor((i - start) / period), count + 1));
  }
  return { depths, count: Math.max(count, 1) };
}

/** The values between the lookup of `input_ids` and the output. */
function dataPath(model: Model, output: string): Set<string> {
  const { nodes } = model.graph;
  const table = tokenTable(model)?.name;
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name): [string, Node] => [name, node])));
  const downstream = new Set<string>();
  for (const node of nodes) {
    if (node.op === 'Shape' || node.op === 'Size') continue;
    const looksUp = node.op === 'Gather' && table !== undefined && weightOf(node.inputs[0], model, makers) === table;
    if (looksUp || node.inputs.some((name) => downstream.has(name)))
      for (const name of node.outputs) if (name !== '') downstream.add(name);
  }
  const upstream = new Set([output]);
  for (const node of nodes.toReversed())
    if (node.outputs.some((name) => upstream.has(name))) for (const name of node.inputs) upstream.add(name);
  return new Set([...downstream].filter((name) => upstream.has(name)));
}

/** The initializer that a value is, seen through steps that keep its elements. */
function weightOf(value: string, model: Model, makers: Map<string, Node>): string | undefined {
  let name = value;
  for (let maker = makers.get(name); maker !== undefined; maker = makers.get(name)) {
    if (!WEIGHT_STEPS.has(maker.op)) return undefined;
    name = maker.inputs[0];
  }
  return model.graph.initializers.has(name) ? name : undefined;
}

function metWeights(model: Model, data: Set<string>): MetWeight[] {
  const { nodes, initializers } = model.graph;
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name): [string, Node] => [name, node])));
  const met = new Map<string, MetWeight>();
  /** Weights of values that are no data yet, such as the rows of a position table, until they meet it. */
  const waiting = new Map<string, Omit<MetWeight, 'at'>[]>();
  for (const [at, node] of nodes.entries()) {
    const found: Omit<MetWeight, 'at'>[] = node.inputs.flatMap((input) => waiting.get(input) ?? []);
    for (const [i, input] of node.inputs.entries()) {
      const name = weightOf(input, model, makers);
      const tensor = name === undefined ? undefined : initializers.get(name);
      if (name === undefined || tensor === undefined || !isLearned(node, i, tensor)) continue;
      const table = node.op === 'Gather';
      // Before it meets the data only a table can be told from a constant of the formula.
      if (!table && !node.outputs.some((value) => data.has(value))) continue;
      found.push({ name, table, signature: `${node.op}/${i}[${tensor.dims}]` });
    }
    if (found.length === 0) continue;
    if (node.outputs.some((value) => data.has(value))) {
      for (const weight of found) if (!met.has(weight.name)) met.set(weight.name, { ...weight, at });
    } else for (const value of node.outputs) waiting.set(value, found);
  }
  return [...met.values()];
}

function isLearned(node: Node, input: number, { type, dims }: Tensor): boolean {
  if (type !== 'float32' || sizeOf(dims) < 2) return false;
  if (WEIGHTED.test(node.op)) return node.op !== 'Gather' || input === 0;
  return ELEMENTWISE.has(node.op) && dims.filter((extent) => extent > 1).length === 1 && (dims.at(-1) ?? 1) > 1;
}

/** For each weight whether a single value carries all of the data just before the node that it is met at. */
function bottlenecks(model: Model, data: Set<string>, met: MetWeight[]): boolean[] {
  const { nodes } = model.graph;
  const lastRead = new Map<string, number>();
  for (const [at, { inputs }] of nodes.entries()) for (const name of inputs) if (data.has(name)) lastRead.set(name, at);
  const live = new Set<string>();
  const single = nodes.map(({ outputs }, at) => {
    // Only here are the values that earlier nodes made and this or a later one reads.
    for (const name of live) if ((lastRead.get(name) ?? -1) < at) live.delete(name);
    const before = live.size <= 1;
    for (const name of outputs) if (data.has(name)) live.add(name);
    return before;
  });
  // Two weights of one node are never apart.
  return met.map(({ at }, i) => single[at] && met[i - 1]?.at !== at);
}

/** The run of repetitions that covers most weights; of equal ones that of the shortest period, and then the last. */
function repetition(met: MetWeight[], cuts: boolean[]): { start: number; period: number; count: number } {
  const best = { start: 0, period: 1, count: 0 };
  const signatures = met.map(({ signature }) => signature);
  for (let period = 1; period <= MAX_PERIOD && 2 * period <= met.length; period++) {
    for (let start = 0; start + 2 * period <= met.length; start++) {
      if (!cuts[start]) continue;
      let count = 1;
      while (repeats(signatures, start, period, count) && cuts[start + count * period]) count++;
      const covered = count * period;
      if (count < 2 || covered < best.count * best.period) continue;
      if (covered > best.count * best.period || period === best.period) Object.assign(best, { start, period, count });
    }
  }
  return best;
}

/** Whether the `count`-th stretch of `period` weights after `start` is as the first. */
function repeats(signatures: string[], start: number, period: number, count: number): boolean {
  const from = start + count * period;
  if (from + period > signatures.length) return false;
  for (let i = 0; i < period; i++) if (signatures[from + i] !== signatures[start + i]) return false;
  return true;
}
