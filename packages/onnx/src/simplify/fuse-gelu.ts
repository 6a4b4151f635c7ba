import type { Model, Node } from '../model.js';
import { bothWays, Matcher } from './matcher.js';

/** The first opset of ai.onnx with `Gelu`; before, ONNX Runtime's own operator of that name computes the same. */
const GELU_OPSET = 20;

/** Exporters round their constants to float32. */
const RELATIVE_ERROR = 1e-6;

/**
 * Replaces the exact GELU, spelt out as `x · (1 + erf(x/√2)) · 1/2` with its three factors in any order (Hendrycks & Gimpel 2016),
 * by one `Gelu` node: ONNX Runtime computes it block by block, and its gradient is shorter than that of its parts.
 */
export function fuseGelu(model: Model): Model {
  const matcher = new Matcher(model);
  const domain = (model.opsets.get('') ?? 1) >= GELU_OPSET ? '' : 'com.microsoft';
  let found = false;
  const nodes = model.graph.nodes.map((node) => {
    const x = argument(matcher, node);
    if (x === undefined) return node;
    found = true;
    return { ...node, op: 'Gelu', domain, inputs: [x], attributes: {} };
  });
  if (!found) return model;
  const opsets = new Map(model.opsets);
  if (!opsets.has(domain)) opsets.set(domain, 1);
  return { ...model, opsets, graph: { ...model.graph, nodes } };
}

/** The x of a node that ends a GELU. */
function argument(matcher: Matcher, node: Node): string | undefined {
  if (node.op !== 'Mul' || node.domain !== '') return undefined;
  for (const factors of factorings(matcher, node)) {
    const half = factors.findIndex((factor) => near(matcher.scalar(factor), 0.5));
    if (half < 0) continue;
    const [a = '', b = ''] = factors.toSpliced(half, 1);
    if (errorArgument(matcher, b) === a) return a;
    if (errorArgument(matcher, a) === b) return b;
  }
  return undefined;
}

/** The ways to read a node as a product of three. */
function factorings(matcher: Matcher, node: Node): [string, string, string][] {
  return bothWays(node).flatMap(([one, product]) =>
    matcher.operands(product, 'Mul').map(([two, three]): [string, string, string] => [one, two, three]),
  );
}

/** The x of a value `1 + erf(x/√2)`. */
function errorArgument(matcher: Matcher, value: string): string | undefined {
  for (const [one, erf] of matcher.operands(value, 'Add')) {
    if (!near(matcher.scalar(one), 1)) continue;
    const scaled = matcher.producer(erf, 'Erf')?.inputs[0] ?? '';
    const [x, divisor] = matcher.producer(scaled, 'Div')?.inputs ?? [];
    if (near(matcher.scalar(divisor), Math.SQRT2)) return x;
    for (const [operand, factor] of matcher.operands(scaled, 'Mul')) {
      if (near(matcher.scalar(factor), Math.SQRT1_2)) return operand;
    }
  }
  return undefined;
}

function near(value: number | undefined, wanted: number): boolean {
  return value !== undefined && Math.abs(value - wanted) <= RELATIVE_ERROR * wanted;
}
