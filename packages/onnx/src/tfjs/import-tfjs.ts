import { RetortError } from '@retort/contracts/values';
import type { Dim, Model } from '../model.js';
import { simplify } from '../simplify/simplify.js';
import type { Tensor } from '../tensor.js';
import { TfAttributes } from './attributes.js';
import { readGraphDef, readRef, type TfGraph, type TfNode, type TfRef } from './graph-def.js';
import { type Lowered, Lowering, LoweringContext, type TfRule } from './lowering.js';
import { TF_RULES } from './rules/index.js';
import { decodeWeights } from './weights.js';

/** A TensorFlow.js graph model as its files hold it. */
export interface TfjsSource {
  /** The parsed `model.json`. */
  modelJson: unknown;
  /** The bytes of the weight files, one after another in the order of `tfjsWeightPaths`. */
  weights: Uint8Array;
}

/** Another way to compute what a node computes. */
export interface TfReplacement {
  /** TensorFlow values (`node`, `node:1`) that the rule gets. Default: the node's own inputs. */
  inputs?: string[];
  rule: TfRule;
}

export interface ImportTfjsOptions {
  /**
   * Extents of placeholders, by name, and of inputs that only replacements have; these inputs come first, in this order. Names
   * for unknown extents (`['batch', 'tokens']`) let more be simplified.
   */
  inputs?: Record<string, Dim[]>;
  /** Outputs of the ONNX model: its name for each TensorFlow value. Default: the signature's, or the nodes that no other one reads. */
  outputs?: Record<string, string>;
  /** Nodes to compute in another way, by name. Whatever only they read falls away. */
  replace?: Record<string, TfReplacement>;
}

/**
 * Imports a TensorFlow.js graph model (the web format of `tensorflowjs_converter`) as a simplified ONNX model of opset 18.
 * As in TensorFlow.js, every integer type becomes one (int64 here) and every float type float32. Quantised weights are
 * expanded to float32. Placeholders that no output depends on are left out.
 *
 * @throws RetortError `RT_INVALID_MODEL` for JSON or weights that are no such model, `RT_UNSUPPORTED_OP` naming the node
 * and its operator for what has no rule.
 */
export function importTfjs({ modelJson, weights }: TfjsSource, options: ImportTfjsOptions = {}): Model {
  const graph = readGraphDef(modelJson);
  return simplify(new Importer(graph, decodeWeights(graph.weights, weights), options).run());
}

class Importer {
  readonly #graph: TfGraph;
  readonly #weights: Map<string, Tensor>;
  readonly #options: ImportTfjsOptions;
  readonly #replace: Map<string, TfReplacement>;
  readonly #lowering = new Lowering('tfjs');
  /** ONNX values of the outputs of each node that was converted. */
  readonly #lowered = new Map<string, string[]>();

  constructor(graph: TfGraph, weights: Map<string, Tensor>, options: ImportTfjsOptions) {
    this.#graph = graph;
    this.#weights = weights;
    this.#options = options;
    this.#replace = new Map(Object.entries(options.replace ?? {}));
  }

  run(): Model {
    const { builder } = this.#lowering;
    const outputs = this.#outputs();
    const order = this.#order(outputs.map(({ ref }) => ref.node)).map((name) => this.#node(name));
    // Inputs and outputs take their names before any value between them can.
    for (const node of order) if (this.#isPlaceholder(node)) this.#lower(node);
    const names = outputs.map(({ name }) => builder.unique(name));
    for (const node of order) if (!this.#isPlaceholder(node)) this.#lower(node);
    outputs.forEach(({ name, ref }, i) => {
      const value = this.#value(ref);
      const { type, shape } = this.#lowering.facts(value);
      if (type === undefined) {
        throw new RetortError('RT_INVALID_MODEL', `The type of the output "${name}" cannot be told.`);
      }
      builder.output(builder.add('Identity', [value], { outputs: [names[i] as string] }), type, shape);
    });
    const given = [...Object.keys(this.#options.inputs ?? {}), ...this.#graph.nodes.keys()];
    const position = new Map(given.toReversed().map((name, i) => [name, given.length - i]));
    builder.graph.inputs.sort((a, b) => (position.get(a.name) ?? 0) - (position.get(b.name) ?? 0));
    return builder.build();
  }

  #outputs(): TfGraph['outputs'] {
    if (!this.#options.outputs) return this.#graph.outputs;
    return Object.entries(this.#options.outputs).map(([name, value]) => ({ name, ref: readRef(value) }));
  }

  /** Every node that the roots need, each after those that it reads. Without recursion: a graph may be deeper than the stack. */
  #order(roots: string[]): string[] {
    const order: string[] = [];
    const state = new Map<string, 'open' | 'done'>();
    const stack = roots.toReversed();
    for (let name = stack.at(-1); name !== undefined; name = stack.at(-1)) {
      if (state.get(name) === undefined) {
        state.set(name, 'open');
        for (const { node } of this.#inputs(this.#node(name))) {
          if (state.get(node) === 'open')
            throw new RetortError('RT_INVALID_MODEL', `The graph has a cycle through node "${node}".`);
          if (state.get(node) === undefined) stack.push(node);
        }
      } else {
        stack.pop();
        if (state.get(name) === 'open') order.push(name);
        state.set(name, 'done');
      }
    }
    return order;
  }

  #node(name: string): TfNode {
    const node = this.#graph.nodes.get(name);
    if (!node)
      throw new RetortError(
        'RT_INVALID_MODEL',
        `The graph has no node "${name}", which another node or an output reads.`,
      );
    return node;
  }

  #inputs(node: TfNode): TfRef[] {
    return this.#replace.get(node.name)?.inputs?.map(readRef) ?? node.inputs;
  }

  #isPlaceholder({ name, op }: TfNode): boolean {
    return op === 'Placeholder' && !this.#replace.has(name);
  }

  #lower(node: TfNode): void {
    const lowered = this.#isPlaceholder(node) ? this.#placeholder(node) : this.#apply(node);
    this.#lowered.set(node.name, Array.isArray(lowered) ? lowered : [lowered]);
  }

  #apply(node: TfNode): Lowered {
    const replacement = this.#replace.get(node.name);
    if (!replacement && node.op === 'Const') return this.#lowering.constant(this.#weight(node), node.name);
    const rule = replacement?.rule ?? TF_RULES.get(node.op);
    if (!rule) {
      throw new RetortError(
        'RT_UNSUPPORTED_OP',
        `Node "${node.name}" has the TensorFlow operator ${node.op}, which is not supported.`,
      );
    }
    const inputs = this.#inputs(node).map((ref) => this.#value(ref));
    // Rules name the inputs that they cannot do without.
    if (inputs.length < rule.length - 1) {
      throw new RetortError(
        'RT_INVALID_MODEL',
        `Node "${node.name}" (${node.op}) has ${inputs.length} inputs, it needs ${rule.length - 1}.`,
      );
    }
    return rule(new LoweringContext(node, this.#lowering, this.#options.inputs ?? {}), ...inputs);
  }

  #placeholder(node: TfNode): string {
    const attributes = new TfAttributes(node);
    const shape = this.#options.inputs?.[node.name] ?? attributes.shape('shape')?.map((dim) => (dim < 0 ? null : dim));
    if (!shape)
      throw new RetortError(
        'RT_UNSUPPORTED_OP',
        `Node "${node.name}" (Placeholder) has no known rank: give its shape.`,
      );
    return this.#lowering.input(node.name, attributes.type('dtype', 'float32'), shape);
  }

  #weight(node: TfNode): Tensor {
    const weight = this.#weights.get(node.name);
    if (!weight)
      throw new RetortError('RT_INVALID_MODEL', `The weights manifest has no entry for the constant "${node.name}".`);
    return weight;
  }

  #value({ node, output }: TfRef): string {
    const value = this.#lowered.get(node)?.[output];
    if (value === undefined)
      throw new RetortError('RT_INVALID_MODEL', `Node "${node}" has no output ${output}, which another node reads.`);
    return value;
  }
}
