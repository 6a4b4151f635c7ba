import { findInitializer, type Model, type Node, type Tensor } from '@retort/onnx';
import type { TrainableModel } from '../trainable.js';
import { mostImportant } from './importance.js';
import { takeColumns, takeRows, withTensors } from './rows-and-columns.js';

/** Units between two dense layers: activation(x·W + b), which only `next` reads. */
export interface HiddenLayer {
  /** `[from, units]`. */
  weight: string;
  /** `[units]`. */
  bias?: string;
  /** The matrices `[units, to]` that read the units: one, or one for each output head. */
  next: string[];
}

/** Act on each unit by itself, and make nothing of nothing: units can be taken away on both sides of them. */
const ACTIVATIONS = new Set(['Relu', 'Gelu', 'Tanh', 'LeakyRelu', 'Dropout']);

/**
 * The hidden layers of a graph, found by their structure: a `Gemm` with trainable matrix, elementwise activations, and then nothing but
 * `Gemm`s with trainable matrices. Those of an encoder are inside its feed-forward parts, that of a static student before its output.
 */
export function hiddenLayers({ model, trainable }: TrainableModel): HiddenLayer[] {
  const names = new Set(trainable);
  const readers = readersOf(model);
  return model.graph.nodes.flatMap((node) => {
    if (!isDense(node, names)) return [];
    let [value = ''] = node.outputs;
    let activated = false;
    for (let only = soleReader(readers, value); only && ACTIVATIONS.has(only.op); only = soleReader(readers, value)) {
      if (only.op !== 'Dropout') activated = true;
      value = only.outputs[0] as string;
    }
    const next = readers.get(value) ?? [];
    if (
      !activated ||
      next.length === 0 ||
      !next.every((reader) => reader && isDense(reader, names) && reader.inputs[0] === value)
    ) {
      return [];
    }
    const [, weight = '', bias] = node.inputs;
    const matrices = next.map((reader) => reader?.inputs[1] as string);
    // A matrix that several products share cannot be cut for one of them.
    if ([weight, ...matrices].some((name) => readers.get(name)?.length !== 1)) return [];
    return [{ weight, ...(bias ? { bias } : {}), next: matrices }];
  });
}

/**
 * The student without the least important units of a hidden layer; its graph is smaller by their columns and rows.
 *
 * @param kept the units that stay, ascending
 */
export function keepUnits(
  student: TrainableModel,
  { weight, bias, next }: HiddenLayer,
  kept: Int32Array,
): TrainableModel {
  return withTensors(
    student,
    new Map([
      [weight, (tensor: Tensor) => takeColumns(tensor, kept)],
      ...[...(bias ? [bias] : []), ...next].map((name) => [name, (tensor: Tensor) => takeRows(tensor, kept)] as const),
    ]),
  );
}

/**
 * Takes a share of the units of every hidden layer away, the least important ones; at least one stays.
 *
 * @param scores importance of each unit, for each of `layers` @param share 0..1
 */
export function pruneHidden(
  student: TrainableModel,
  layers: readonly HiddenLayer[],
  scores: readonly Float64Array[],
  share: number,
): TrainableModel {
  return layers.reduce((smaller, layer, i) => {
    const units = findInitializer(student.model, layer.weight).dims[1];
    return keepUnits(smaller, layer, mostImportant(scores[i], Math.max(1, units - Math.floor(share * units))));
  }, student);
}

/** x·W, with or without a bias, nothing transposed, W and the bias trainable. */
function isDense({ op, domain, inputs, attributes }: Node, trainable: ReadonlySet<string>): boolean {
  const transposed = ['transA', 'transB'].some((name) => {
    const attribute = attributes[name];
    return attribute?.kind === 'int' && attribute.value !== 0;
  });
  if (op !== 'Gemm' || domain !== '' || transposed) return false;
  return trainable.has(inputs[1] ?? '') && (!inputs[2] || trainable.has(inputs[2]));
}

/** The nodes that read each value, and an `undefined` for an output of the graph. */
function readersOf({ graph }: Model): Map<string, (Node | undefined)[]> {
  const readers = new Map<string, (Node | undefined)[]>();
  const add = (name: string, node?: Node) => readers.set(name, [...(readers.get(name) ?? []), node]);
  for (const node of graph.nodes) for (const name of node.inputs) if (name !== '') add(name, node);
  for (const { name } of graph.outputs) add(name);
  return readers;
}

function soleReader(readers: ReadonlyMap<string, (Node | undefined)[]>, value: string): Node | undefined {
  const all = readers.get(value);
  return all?.length === 1 ? all[0] : undefined;
}
