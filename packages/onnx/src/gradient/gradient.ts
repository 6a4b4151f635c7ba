import { RetortError } from '@retort/contracts/values';
import { Emitter } from '../emit/emitter.js';
import { explainRefusal, placeOf, UnsupportedUse } from '../emit/refusals.js';
import { inferShapes } from '../infer-shapes.js';
import type { Model, Node } from '../model.js';
import { pruneGraph } from '../prune.js';
import { findRule } from '../registry.js';
import { GradientContext } from '../rules/gradient-context.js';
import type { Facts } from '../shapes/facts.js';
import { floats } from '../tensor.js';
import { isFused, unfuse } from '../unfuse/unfuse.js';
import { findPath, isFloat, type Path } from './path.js';

/** The opsets of ai.onnx whose operators the rules know: 13 made axes an input, 16 brought scatter-add. */
export const GRADIENT_OPSETS = { min: 13, max: 24 } as const;

export interface GradientOptions {
  /** The value to differentiate: a float32 or float64 tensor of one element. */
  loss: string;
  /** Initializers or inputs to differentiate by. */
  wrt: string[];
}

/** Where to find a gradient among the outputs of the differentiated model. */
export type GradientOutput =
  /** A tensor of the shape of the value. */
  | { kind: 'dense'; output: string }
  /**
   * The gradient of a table that is only read by `Gather` along its first axis: `rows` `[n, …]` belong to the table's
   * rows `indices` `[n]` int64, every other row's gradient is zero. An index that occurs more than once stands for the sum of
   * its rows; negative ones count from the end, as in Gather.
   */
  | { kind: 'sparse'; indices: string; rows: string };

export interface Differentiated {
  /** The forward graph, its backward pass appended. Outputs: those of the forward graph, the loss, the gradients. */
  model: Model;
  /** By the names in `wrt`. */
  gradients: Map<string, GradientOutput>;
}

/**
 * Appends to a forward graph the nodes that compute dL/dw for every `w` of `wrt` (reverse mode: each operator's rule turns
 * the gradients of its outputs into those of its inputs). Forward values are reused; nothing that no gradient needs is
 * built. The given model is not changed.
 *
 * Fused operators on the way from `wrt` to `loss` are taken apart first (see `unfuse`); those elsewhere stay as they are.
 *
 * All checks come before the first rule, so that an unsupported graph fails here and not in the middle of training.
 *
 * @throws RetortError `RT_UNSUPPORTED_OP` for operators on the way from `wrt` to `loss` that have no gradient, naming each
 * node and its opset, and for opsets outside {@link GRADIENT_OPSETS}; `RT_INVALID_MODEL` for a `wrt` that does not exist, is not
 * of floats or has no influence on the loss, for a loss of more than one element, and for what `inferShapes` refuses.
 */
export function gradient(model: Model, { loss, wrt }: GradientOptions): Differentiated {
  checkOpset(model);
  const facts = inferShapes(model);
  checkLoss(facts, loss);
  for (const name of wrt) checkVariable(model, facts, name);
  const path = findPath(model, facts, loss, wrt);
  const fused = new Set(path.nodes.filter(isFused));
  if (fused.size > 0) return gradient(unfuse(model, fused), { loss, wrt });
  checkRules(model, path);
  for (const name of wrt) {
    if (!path.values.has(name)) throw invalid(`"${name}" has no influence on "${loss}": it has no gradient.`);
  }
  return new Backward(model, facts, path, wrt).run(loss);
}

function checkOpset(model: Model): void {
  const opset = model.opsets.get('') ?? 0;
  const { min, max } = GRADIENT_OPSETS;
  if (opset < min || opset > max) {
    throw new RetortError(
      'RT_UNSUPPORTED_OP',
      `The model uses opset ${opset} of ai.onnx; gradients are known for opsets ${min} to ${max}. Export it anew.`,
    );
  }
}

function checkLoss(facts: Map<string, Facts>, loss: string): void {
  const known = facts.get(loss);
  if (!known) throw invalid(`The graph has no value named "${loss}" to differentiate.`);
  if (!isFloat(known.type)) throw invalid(`The loss "${loss}" is ${known.type}; it must be float32 or float64.`);
  if (known.shape === undefined) {
    throw invalid(`The rank of the loss "${loss}" is not known before the graph runs; it must be one element.`);
  }
  if (known.shape.some((dim) => dim !== 1)) {
    throw invalid(
      `The loss "${loss}" has the shape [${known.shape.map((dim) => dim ?? '?')}]; it must be one element.`,
    );
  }
}

function checkVariable(model: Model, facts: Map<string, Facts>, name: string): void {
  const isLeaf = model.graph.initializers.has(name) || model.graph.inputs.some((input) => input.name === name);
  if (!isLeaf) throw invalid(`The graph has no initializer or input named "${name}" to differentiate by.`);
  const type = facts.get(name)?.type;
  if (!isFloat(type)) throw invalid(`"${name}" is ${type}: only float32 and float64 values have gradients.`);
}

/** Every operator on the path must have a gradient, right for the model's opset. All that have none are named at once. */
function checkRules(model: Model, path: Path): void {
  const problems = path.nodes.flatMap((node) => {
    const opset = model.opsets.get(node.domain) ?? 1;
    const place = placeOf(node, model.opsets);
    const rule = findRule(node);
    if (!rule?.gradient) return [`${place}: no gradient rule`];
    const since = rule.since ?? (node.domain === '' ? GRADIENT_OPSETS.min : 1);
    return opset < since ? [`${place}: the gradient needs opset ${since}`] : [];
  });
  if (problems.length > 0) {
    const more = problems.length > 5 ? ` and ${problems.length - 5} more` : '';
    throw new RetortError(
      'RT_UNSUPPORTED_OP',
      `The graph cannot be differentiated: ${problems.slice(0, 5).join('; ')}${more}.`,
    );
  }
}

/** Contributions to the gradient of one value, from each place that reads it. */
interface Contributions {
  dense: string[];
  sparse: { indices: string; rows: string }[];
}

/** One walk from the loss back to the leaves. */
class Backward {
  readonly #emitter: Emitter;
  readonly #path: Path;
  readonly #wrt: Set<string>;
  readonly #contributions = new Map<string, Contributions>();

  constructor(model: Model, facts: Map<string, Facts>, path: Path, wrt: string[]) {
    // The nodes are copied because a rule may ask one for another output.
    const nodes = model.graph.nodes.map((node) => ({ ...node, outputs: [...node.outputs] }));
    this.#emitter = new Emitter({ ...model, graph: { ...model.graph, nodes } }, facts, findRule);
    const onPath = new Set(path.nodes);
    this.#path = { ...path, nodes: nodes.filter((_, i) => onPath.has(model.graph.nodes[i] as Node)) };
    this.#wrt = new Set(wrt);
  }

  run(loss: string): Differentiated {
    const { builder } = this.#emitter;
    const shape = this.#emitter.facts(loss).shape ?? [];
    const one =
      this.#emitter.facts(loss).type === 'float64' ? oneOf('float64', shape.length) : oneOf('float32', shape.length);
    this.#at(loss).dense.push(this.#emitter.constant(one));
    for (const node of this.#path.nodes.toReversed()) this.#differentiate(node);
    const gradients = new Map([...this.#wrt].map((name) => [name, this.#finish(name)]));
    if (!builder.graph.outputs.some((output) => output.name === loss)) {
      builder.output(loss, this.#emitter.facts(loss).type ?? 'float32', shape);
    }
    return { model: pruneGraph(builder.build()), gradients };
  }

  #at(value: string): Contributions {
    let contributions = this.#contributions.get(value);
    if (!contributions) {
      contributions = { dense: [], sparse: [] };
      this.#contributions.set(value, contributions);
    }
    return contributions;
  }

  #differentiate(node: Node): void {
    const outputGradients = node.outputs.map((output) => this.#dense(output));
    if (outputGradients.every((gradient) => gradient === undefined)) return;
    const isConstant = (name: string) => !this.#path.values.has(name);
    const context = new GradientContext(node, this.#emitter, outputGradients, isConstant);
    const rule = findRule(node);
    try {
      const opaque = rule?.opaqueOutputs?.find((index) => outputGradients[index] !== undefined);
      if (opaque !== undefined) throw new UnsupportedUse(`the loss depends on its output "${node.outputs[opaque]}"`);
      if (rule?.sparseGradient && this.#wrt.has(node.inputs[0])) {
        const sparse = rule.sparseGradient(context);
        if (sparse) {
          this.#at(node.inputs[0]).sparse.push(sparse);
          return;
        }
      }
      const gradients = rule?.gradient?.(context) ?? [];
      node.inputs.forEach((input, i) => {
        const emit = gradients[i];
        if (emit && this.#path.values.has(input)) this.#at(input).dense.push(this.#emitter.assumeShape(emit(), input));
      });
    } catch (error) {
      throw explainRefusal(error, placeOf(node, this.#emitter.builder.opsets), 'differentiated');
    }
  }

  /** The sum of all contributions, undefined where there are none. */
  #dense(value: string): string | undefined {
    const { dense = [], sparse = [] } = this.#contributions.get(value) ?? {};
    const all = [...dense, ...sparse.map(({ indices, rows }) => this.#emitter.scatterAdd(value, 0, indices, rows))];
    return all.length > 1 ? this.#emitter.assumeShape(this.#emitter.emit('Sum', all), value) : all[0];
  }

  /** Makes the gradient of a `wrt` an output of the graph. */
  #finish(name: string): GradientOutput {
    const { dense, sparse } = this.#at(name);
    const { type = 'float32', shape } = this.#emitter.facts(name);
    const { builder } = this.#emitter;
    const publish = (value: string, as: string) =>
      this.#emitter.emit('Identity', [value], { outputs: [builder.unique(as)] });
    if (sparse.length > 0 && dense.length === 0) {
      const join = (parts: string[]) =>
        parts.length === 1 ? parts[0] : this.#emitter.emit('Concat', parts, { attributes: { axis: 0 } });
      const indices = publish(join(sparse.map((part) => part.indices)), `grad/${name}/indices`);
      const rows = publish(join(sparse.map((part) => part.rows)), `grad/${name}/rows`);
      builder.output(indices, 'int64', [null]);
      builder.output(rows, type, [null, ...(shape?.slice(1) ?? [])]);
      return { kind: 'sparse', indices, rows };
    }
    const sum = this.#dense(name);
    if (sum === undefined) throw invalid(`No gradient reaches "${name}": every way from it to the loss is blocked.`);
    const output = publish(sum, `grad/${name}`);
    builder.output(output, type, shape);
    return { kind: 'dense', output };
  }
}

function oneOf(type: 'float32' | 'float64', rank: number) {
  const dims = Array<number>(rank).fill(1);
  return type === 'float32' ? floats(dims, [1]) : { type, dims, data: Float64Array.of(1) };
}

function invalid(detail: string): RetortError {
  return new RetortError('RT_INVALID_MODEL', detail);
}
