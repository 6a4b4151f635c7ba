import { RetortError } from '@retort/contracts/values';

/** Output `output` of the node `node`. */
export interface TfRef {
  node: string;
  output: number;
}

/** A node of a TensorFlow GraphDef. Control inputs (`^name`) are left out: they order side effects, which inference has not. */
export interface TfNode {
  name: string;
  op: string;
  inputs: TfRef[];
  /** `AttrValue` messages as the JSON has them; read them through {@link TfAttributes}. */
  attributes: Map<string, unknown>;
}

/** An entry of the weights manifest. */
export interface TfWeight {
  name: string;
  shape: number[];
  dtype: string;
  quantization: { dtype: string; scale: number; min: number } | undefined;
}

export interface TfGraph {
  /** By name, in the file's order (which is not always topological). */
  nodes: Map<string, TfNode>;
  /** In the order in which their bytes follow each other. */
  weights: TfWeight[];
  outputs: { name: string; ref: TfRef }[];
}

/**
 * Reads the parsed `model.json` of a TensorFlow.js graph model. Its outputs are those of its signature, or, where it has
 * none, the nodes whose result no other node reads.
 *
 * @throws RetortError `RT_INVALID_MODEL` naming the field for JSON that is no such model.
 */
export function readGraphDef(modelJson: unknown): TfGraph {
  const root = asObject(modelJson, 'model.json');
  if (root.format === 'layers-model') {
    throw invalid('model.json is a Keras layers model: convert it with tensorflowjs_converter to a graph model first.');
  }
  const topology = asObject(root.modelTopology, 'modelTopology');
  const nodes = new Map<string, TfNode>();
  asArray(topology.node, 'modelTopology.node').forEach((value, i) => {
    const node = readNode(value, `modelTopology.node[${i}]`);
    if (nodes.has(node.name)) throw invalid(`Two nodes of modelTopology are named "${node.name}".`);
    nodes.set(node.name, node);
  });
  return { nodes, weights: readManifest(root.weightsManifest), outputs: findOutputs(root.signature, nodes) };
}

/**
 * The weight files of a TensorFlow.js model, relative to its `model.json`, in the order in which `importTfjs` wants their
 * bytes.
 *
 * @throws RetortError `RT_INVALID_MODEL` for a malformed manifest.
 */
export function tfjsWeightPaths(modelJson: unknown): string[] {
  const groups = asArray(asObject(modelJson, 'model.json').weightsManifest, 'weightsManifest');
  return groups.flatMap((group, i) => {
    const where = `weightsManifest[${i}].paths`;
    return asArray(asObject(group, `weightsManifest[${i}]`).paths, where).map((path) => asString(path, where));
  });
}

function readNode(value: unknown, where: string): TfNode {
  const node = asObject(value, where);
  const inputs = node.input === undefined ? [] : asArray(node.input, `${where}.input`);
  const attributes = node.attr === undefined ? {} : asObject(node.attr, `${where}.attr`);
  return {
    name: asString(node.name, `${where}.name`),
    op: asString(node.op, `${where}.op`),
    inputs: inputs
      .map((input) => asString(input, `${where}.input`))
      .flatMap((input) => (input.startsWith('^') ? [] : [readRef(input)])),
    attributes: new Map(Object.entries(attributes)),
  };
}

/** `name`, `name:1`. */
export function readRef(text: string): TfRef {
  const match = /^(.*):(\d+)$/.exec(text);
  return match ? { node: match[1] as string, output: Number(match[2]) } : { node: text, output: 0 };
}

function readManifest(value: unknown): TfWeight[] {
  return asArray(value, 'weightsManifest').flatMap((group, i) => {
    const weights = asArray(asObject(group, `weightsManifest[${i}]`).weights, `weightsManifest[${i}].weights`);
    return weights.map((weight, j) => readWeight(weight, `weightsManifest[${i}].weights[${j}]`));
  });
}

function readWeight(value: unknown, where: string): TfWeight {
  const weight = asObject(value, where);
  const shape = asArray(weight.shape, `${where}.shape`).map((extent) => asExtent(extent, `${where}.shape`));
  return {
    name: asString(weight.name, `${where}.name`),
    shape,
    dtype: asString(weight.dtype, `${where}.dtype`),
    quantization:
      weight.quantization === undefined ? undefined : readQuantization(weight.quantization, `${where}.quantization`),
  };
}

function readQuantization(value: unknown, where: string) {
  const quantization = asObject(value, where);
  const dtype = asString(quantization.dtype, `${where}.dtype`);
  // float16 has neither; integers have both.
  const scale = Number(quantization.scale ?? 1);
  const min = Number(quantization.min ?? 0);
  if (!Number.isFinite(scale) || !Number.isFinite(min)) throw invalid(`${where} must have a finite scale and min.`);
  return { dtype, scale, min };
}

function findOutputs(signature: unknown, nodes: Map<string, TfNode>): TfGraph['outputs'] {
  if (signature !== undefined && signature !== null) {
    const declared = asObject(signature, 'signature').outputs;
    if (declared !== undefined) {
      const outputs = Object.entries(asObject(declared, 'signature.outputs'));
      if (outputs.length > 0) return outputs.map(([name, info]) => ({ name, ref: readRef(tensorName(info, name)) }));
    }
  }
  const read = new Set([...nodes.values()].flatMap((node) => node.inputs.map((input) => input.node)));
  const outputs = [...nodes.values()].filter(
    ({ name, op }) => !read.has(name) && op !== 'Const' && op !== 'NoOp' && op !== 'Placeholder',
  );
  if (outputs.length === 0) throw invalid('The graph has no output: every node is read by another one.');
  return outputs.map(({ name }) => ({ name, ref: { node: name, output: 0 } }));
}

function tensorName(info: unknown, output: string): string {
  return asString(asObject(info, `signature.outputs["${output}"]`).name, `signature.outputs["${output}"].name`);
}

function asObject(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${where} must be an object: is this the model.json of a TensorFlow.js graph model?`);
  }
  return value as Record<string, unknown>;
}

function asArray(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) throw invalid(`${where} must be an array.`);
  return value;
}

function asString(value: unknown, where: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(`${where} must be a non-empty string.`);
  return value;
}

function asExtent(value: unknown, where: string): number {
  const extent = Number(value);
  if (!Number.isSafeInteger(extent) || extent < 0) throw invalid(`${where} must hold whole numbers from 0.`);
  return extent;
}

function invalid(detail: string): RetortError {
  return new RetortError('RT_INVALID_MODEL', detail);
}
