import type { onnx } from 'onnx-proto';
import { supportedOps } from '../../../packages/onnx/src/index.ts';
import { proto } from '../../../packages/onnx/src/proto.ts';
import type { Random } from './random.ts';

/** Edits of a decoded model that leave it a readable file, and mostly nonsense: what a hostile author would write by hand. */

const NUMBERS = [
  -(2 ** 63),
  -(2 ** 31),
  -1e6,
  -7,
  -2,
  -1,
  0,
  1,
  2,
  3,
  5,
  64,
  65,
  255,
  1e6,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 40,
  2 ** 53,
  2 ** 62,
]; // prettier-ignore

const NAMES = ['', 'batch', '7', '99999999999999999999999', 'a*b*3', '((((', '*', '2*', '__proto__', 'x'.repeat(2000)];

const OPS = supportedOps();

type Edit = (model: onnx.IModelProto, random: Random) => void;

/** A decoded graph has all its lists, empty ones too. */
type Graph = onnx.IGraphProto & Pick<onnx.GraphProto, 'input' | 'output' | 'valueInfo' | 'initializer' | 'node'>;

const graphOf = (model: onnx.IModelProto) => model.graph as Graph;
const pickFrom = <T>(list: readonly T[], random: Random): T | undefined =>
  list.length > 0 ? random.pick(list) : undefined;
const nodeOf = (model: onnx.IModelProto, random: Random) => pickFrom(graphOf(model).node, random);
const attributeOf = (model: onnx.IModelProto, random: Random) =>
  pickFrom(
    graphOf(model).node.flatMap(({ attribute }) => attribute ?? []),
    random,
  );
const tensorOf = (model: onnx.IModelProto, random: Random) => pickFrom(graphOf(model).initializer, random);
const declaredOf = (model: onnx.IModelProto, random: Random) => {
  const { input, output, valueInfo } = graphOf(model);
  return pickFrom([...input, ...output, ...valueInfo], random);
};
const anyName = (model: onnx.IModelProto, random: Random) => {
  const { input, initializer, node } = graphOf(model);
  const names = [...input, ...initializer].map(({ name }) => name ?? '');
  return random.pick([...names, ...node.flatMap(({ output }) => output ?? []), '', 'nobody']);
};
/** The list with one entry at a random place replaced, doubled or left out. */
function disturb<T>(given: T[] | null | undefined, random: Random, value: T): T[] {
  const list = given ?? [];
  const at = random.below(list.length + 1);
  return random.pick([list.toSpliced(at, 1), list.toSpliced(at, 0, value), list.toSpliced(at, 1, value)]);
}

const EDITS: Edit[] = [
  (model, random) => {
    const node = nodeOf(model, random);
    if (!node) return;
    const { op, domain } = random.pick(OPS);
    node.opType = op;
    node.domain = domain;
  },
  (model, random) => {
    const node = nodeOf(model, random);
    if (node) node.input = disturb(node.input, random, anyName(model, random));
  },
  (model, random) => {
    const node = nodeOf(model, random);
    if (node) node.output = disturb(node.output, random, anyName(model, random));
  },
  (model, random) => {
    const graph = graphOf(model);
    const node = nodeOf(model, random);
    if (node) graph.node = disturb(graph.node, random, node);
  },
  (model, random) => {
    const graph = graphOf(model);
    graph.initializer = graph.initializer.toSpliced(random.below(graph.initializer.length + 1), 1);
  },
  (model, random) => {
    const attribute = attributeOf(model, random);
    if (attribute) attribute.i = random.pick(NUMBERS);
  },
  (model, random) => {
    const attribute = attributeOf(model, random);
    if (attribute) attribute.ints = disturb(attribute.ints, random, random.pick(NUMBERS));
  },
  (model, random) => {
    const attribute = attributeOf(model, random);
    if (attribute) attribute.type = 1 + random.below(9);
  },
  (model, random) => {
    const attribute = attributeOf(model, random);
    if (attribute)
      attribute.s = Buffer.from(random.pick(['', 'ij,jk->ik', '...->', 'ii->i', 'SAME_UPPER', '->,', 'none']));
  },
  (model, random) => {
    const attribute = attributeOf(model, random);
    if (attribute) attribute.name = random.pick(['axis', 'perm', '__proto__', 'kernel_shape', 'constructor', 'pads']);
  },
  (model, random) => {
    const tensor = tensorOf(model, random);
    if (tensor) tensor.dims = disturb(tensor.dims, random, random.pick(NUMBERS));
  },
  (model, random) => {
    const tensor = tensorOf(model, random);
    if (tensor) tensor.dataType = random.below(24);
  },
  (model, random) => {
    // The integers of axes, shapes and pads: as many as before, of any size.
    const { INT64 } = proto.TensorProto.DataType;
    const tensors = graphOf(model).initializer.filter(({ dataType }) => dataType === INT64);
    const tensor = pickFrom(tensors, random);
    if (!tensor?.rawData || tensor.rawData.length % 8 !== 0) return;
    const values = new BigInt64Array(new Uint8Array(tensor.rawData).buffer);
    if (values.length > 0) values[random.below(values.length)] = BigInt(random.pick(NUMBERS));
    tensor.rawData = new Uint8Array(values.buffer);
  },
  (model, random) => {
    const shape = declaredOf(model, random)?.type?.tensorType?.shape;
    if (shape) shape.dim = disturb(shape.dim, random, { dimValue: random.pick(NUMBERS) });
  },
  (model, random) => {
    const shape = declaredOf(model, random)?.type?.tensorType?.shape;
    if (shape) shape.dim = disturb(shape.dim, random, { dimParam: random.pick(NAMES) });
  },
  (model, random) => {
    const tensor = declaredOf(model, random)?.type?.tensorType;
    if (tensor) tensor.elemType = random.below(24);
  },
  (model, random) => {
    const tensor = declaredOf(model, random)?.type?.tensorType;
    if (tensor) tensor.shape = null;
  },
  (model, random) => {
    model.opsetImport = [{ domain: '', version: random.pick([...NUMBERS, 13, 15, 17, 18, 21, 23]) }];
  },
  (model, random) => {
    // Subgraphs within subgraphs.
    let graph: onnx.IGraphProto = { name: 'inner' };
    for (let depth = random.pick([3, 17, 60, 2000]); depth > 0; depth--) {
      graph = { node: [{ opType: 'If', output: ['y'], attribute: [{ name: 'then_branch', type: 5, g: graph }] }] };
    }
    graphOf(model).node.unshift(...(graph.node ?? []));
  },
  (model, random) => {
    // What doubles at every node: a value joined to itself, or its shape.
    const graph = graphOf(model);
    let name = anyName(model, random);
    const doubled = Array.from({ length: 40 }, (_, i): onnx.INodeProto => {
      const input = [name, name];
      name = `doubled${i}`;
      return { opType: 'Concat', input, output: [name], attribute: [{ name: 'axis', type: 2, i: 0 }] };
    });
    graph.node = [...graph.node, ...doubled, { opType: 'ConstantOfShape', input: [name], output: ['made'] }];
  },
];

/** A file of the model with one to four edits. */
export function edited(bytes: Uint8Array, random: Random): Uint8Array {
  const model = proto.ModelProto.decode(bytes);
  for (let count = 1 + random.below(4); count > 0; count--) random.pick(EDITS)(model, random);
  return proto.ModelProto.encode(model).finish();
}
