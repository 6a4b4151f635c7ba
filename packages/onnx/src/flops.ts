import { inferShapes } from './infer-shapes.js';
import { describeNode, type Model, type Node } from './model.js';
import type { Facts } from './shapes/facts.js';
import { unfuse } from './unfuse/unfuse.js';

export interface Flops {
  /** Floating point operations of one run: a multiplication and an addition are two. */
  flops: number;
  /** Products whose size is not known from the inputs' shapes, and which are not in `flops`. */
  uncounted: string[];
}

/** A tensor of known extents. */
interface Known {
  type: Facts['type'];
  dims: number[];
}

/**
 * Counts the floating point operations of one run of a graph by its matrix products and convolutions, which is the usual count: what
 * looks up, adds, normalizes or activates is left out, as are products of whole numbers (the hashing of a static student).
 *
 *     MatMul, Gemm  2 · elements of the result · length of the summed axis
 *     Conv          2 · elements of the result · weights of one output channel
 *     Einsum        2 · product of the extents of all its letters
 *
 * @param shapes extents of the graph's inputs by name, for example `input_ids: [1, 12]`; those not named keep what they declare
 * @throws RetortError `RT_INVALID_MODEL` where the shapes contradict the graph
 */
export function countFlops(model: Model, shapes: Readonly<Record<string, readonly number[]>>): Flops {
  const { graph, ...rest } = unfuse(model);
  const inputs = graph.inputs.map((input) => ({ ...input, shape: [...(shapes[input.name] ?? input.shape ?? [])] }));
  // What the file declares of later values names symbols that are numbers now.
  const facts = inferShapes({ ...rest, graph: { ...graph, inputs, outputs: [], valueInfo: [] } });
  const known = (name: string) => knownOf(facts.get(name));
  const counted = graph.nodes.map((node) => ({ node, flops: flopsOf(node, known) }));
  return {
    flops: counted.reduce((sum, { flops }) => sum + (flops ?? 0), 0),
    uncounted: counted.filter(({ flops }) => flops === undefined).map(({ node }) => describeNode(node)),
  };
}

function knownOf(facts: Facts | undefined): Known | undefined {
  const dims = facts?.shape?.map((dim) => (typeof dim === 'number' ? dim : Number.NaN));
  return dims === undefined || dims.some(Number.isNaN) ? undefined : { type: facts?.type, dims };
}

/** Of one node; undefined where it is a product of unknown size. */
function flopsOf(node: Node, known: (name: string) => Known | undefined): number | undefined {
  if (node.domain !== '' || !/^(MatMul|Gemm|Conv|Einsum)$/.test(node.op)) return 0;
  const [a, b] = [known(node.inputs[0]), known(node.inputs[1] ?? node.inputs[0])];
  const made = known(node.outputs[0]);
  if (!a || !b || !made) return undefined;
  if (a.type !== undefined && !/^b?float/.test(a.type)) return 0;
  const size = product(made.dims);
  switch (node.op) {
    case 'Gemm':
      return 2 * size * (isSet(node, 'transA') ? a.dims[0] : a.dims[1]);
    case 'Conv':
      return 2 * size * product(b.dims.slice(1));
    case 'Einsum':
      return 2 * product(lettersOf(node, [a.dims, b.dims]));
    default:
      return 2 * size * (a.dims.at(-1) ?? 1);
  }
}

function isSet({ attributes }: Node, name: string): boolean {
  const attribute = attributes[name];
  return attribute?.kind === 'int' && attribute.value !== 0;
}

/** The extent of each letter of an equation. */
function lettersOf({ attributes: { equation }, inputs }: Node, operands: number[][]): number[] {
  const terms = (equation?.kind === 'string' ? equation.value : '').replace(/\s/g, '').split('->')[0].split(',');
  const extents = new Map<string, number>();
  for (const [i, term] of terms.slice(0, inputs.length).entries()) {
    for (const [at, letter] of [...term].entries()) extents.set(letter, operands[i]?.[at] ?? 1);
  }
  return [...extents.values()];
}

function product(dims: readonly number[]): number {
  return dims.reduce((total, dim) => total * dim, 1);
}
