import { inferShapes } from '../infer-shapes.js';
import type { Model, Node } from '../model.js';
import { pruneGraph } from '../prune.js';
import { isIdentityPermutation } from './views.js';

/**
 * Lets matrix products read a transposed operand where it lies: `MatMul(a, Transpose(b))` becomes ONNX Runtime's
 * `FusedMatMul(a, b)` with `transB`, and its gradient then needs no transpose either. A permutation that does more than swap the
 * last two axes keeps the rest of it, if that moves whole rows: in attention kᵀ `[batch, heads, headWidth, keys]` is made of
 * `[batch, keys, heads, headWidth]`, element by element, and k `[batch, heads, keys, headWidth]` by rows.
 *
 * For graphs that are trained; a model to be passed on is better off with the standard operators.
 */
export function fuseTransposes(model: Model): Model {
  const facts = inferShapes(model);
  const transposes = new Map(model.graph.nodes.filter(isTranspose).map((node) => [node.outputs[0] as string, node]));
  const taken = new Set(model.graph.nodes.flatMap(({ outputs }) => outputs));
  const nodes: Node[] = [];
  /** Values before the swap of their last two axes, by the transposed ones. */
  const rows = new Map<string, string>();

  const unswapped = (value: string | undefined): string | undefined => {
    const transpose = value === undefined ? undefined : transposes.get(value);
    const perm = transpose && swapLast(permutationOf(transpose));
    if (value === undefined || transpose === undefined || perm === undefined) return undefined;
    if (isIdentityPermutation(perm)) return transpose.inputs[0];
    if (perm.at(-1) !== perm.length - 1) return undefined;
    const known = rows.get(value);
    if (known !== undefined) return known;
    const name = unique(`${value}/rows`, taken);
    nodes.push({ ...transpose, name, outputs: [name], attributes: { perm: { kind: 'ints', value: perm } } });
    rows.set(value, name);
    return name;
  };

  for (const node of model.graph.nodes) {
    const isFloat = node.inputs.every((input) => facts.get(input)?.type === 'float32');
    if (node.op !== 'MatMul' || node.domain !== '' || !isFloat) {
      nodes.push(node);
      continue;
    }
    const sources = node.inputs.map(unswapped);
    const flag = (index: number) => ({ kind: 'int', value: sources[index] === undefined ? 0 : 1 }) as const;
    const fused = { domain: 'com.microsoft', attributes: { transA: flag(0), transB: flag(1) } };
    const inputs = node.inputs.map((input, i) => sources[i] ?? input);
    nodes.push(
      sources.some((source) => source !== undefined) ? { ...node, ...fused, op: 'FusedMatMul', inputs } : node,
    );
  }
  const opsets = new Map([['com.microsoft', 1], ...model.opsets]);
  return pruneGraph({ ...model, opsets, graph: { ...model.graph, nodes } });
}

/** A matrix at least, so that there are two axes to swap. */
function isTranspose(node: Node): boolean {
  return node.op === 'Transpose' && node.domain === '' && permutationOf(node).length >= 2;
}

/** Empty where the node leaves it to the default, which only the rank would tell. */
function permutationOf({ attributes: { perm } }: Node): number[] {
  return perm?.kind === 'ints' ? perm.value : [];
}

function swapLast(perm: number[]): number[] {
  return [...perm.slice(0, -2), ...perm.slice(-2).reverse()];
}

function unique(stem: string, taken: Set<string>): string {
  let name = stem;
  for (let i = 1; taken.has(name); i++) name = `${stem}_${i}`;
  taken.add(name);
  return name;
}
