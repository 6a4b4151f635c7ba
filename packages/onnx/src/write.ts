import { RetortError } from '@retort/contracts/values';
import type { onnx } from 'onnx-proto';
import type { Attribute, Dim, Graph, Model, Node, ValueInfo } from './model.js';
import { proto } from './proto.js';
import { toProtoType } from './proto-types.js';
import type { Tensor } from './tensor.js';

const A = proto.AttributeProto.AttributeType;

/**
 * Serialises a model to the bytes of an `.onnx` file. The same model gives the same bytes.
 *
 * @throws RetortError `RT_INVALID_MODEL` above protobuf's limit of 2 GiB.
 */
export function writeModel(model: Model): Uint8Array {
  const bytes = proto.ModelProto.encode({
    irVersion: model.irVersion,
    producerName: model.producer,
    opsetImport: [...model.opsets].map(([domain, version]) => ({ domain, version })),
    graph: graphProto(model.graph),
    metadataProps: [...model.metadata].map(([key, value]) => ({ key, value })),
  }).finish();
  if (bytes.byteLength >= 2 ** 31) {
    throw new RetortError(
      'RT_INVALID_MODEL',
      `The model has ${bytes.byteLength} bytes; an ONNX file holds at most 2 GiB.`,
    );
  }
  return bytes;
}

function graphProto(graph: Graph): onnx.IGraphProto {
  return {
    name: graph.name,
    node: graph.nodes.map(nodeProto),
    input: graph.inputs.map(valueInfoProto),
    output: graph.outputs.map(valueInfoProto),
    valueInfo: graph.valueInfo.map(valueInfoProto),
    initializer: [...graph.initializers].map(([name, tensor]) => tensorProto(tensor, name)),
  };
}

function nodeProto(node: Node): onnx.INodeProto {
  return {
    opType: node.op,
    domain: node.domain,
    name: node.name,
    input: node.inputs,
    output: node.outputs,
    attribute: Object.entries(node.attributes).map(([name, attribute]) => attributeProto(name, attribute)),
  };
}

function attributeProto(name: string, attribute: Attribute): onnx.IAttributeProto {
  switch (attribute.kind) {
    case 'int':
      return { name, type: A.INT, i: attribute.value };
    case 'float':
      return { name, type: A.FLOAT, f: attribute.value };
    case 'string':
      return { name, type: A.STRING, s: Buffer.from(attribute.value) };
    case 'ints':
      return { name, type: A.INTS, ints: attribute.value };
    case 'floats':
      return { name, type: A.FLOATS, floats: attribute.value };
    case 'strings':
      return { name, type: A.STRINGS, strings: attribute.value.map((value) => Buffer.from(value)) };
    case 'tensor':
      return { name, type: A.TENSOR, t: tensorProto(attribute.value) };
    case 'graph':
      return { name, type: A.GRAPH, g: graphProto(attribute.value) };
  }
}

function tensorProto(tensor: Tensor, name = ''): onnx.ITensorProto {
  const head = { name, dataType: toProtoType(tensor.type), dims: tensor.dims };
  if (Array.isArray(tensor.data)) return { ...head, stringData: tensor.data.map((value) => Buffer.from(value)) };
  const { buffer, byteOffset, byteLength } = tensor.data;
  return { ...head, rawData: new Uint8Array(buffer, byteOffset, byteLength) };
}

function valueInfoProto(value: ValueInfo): onnx.IValueInfoProto {
  const shape = value.shape === undefined ? undefined : { dim: value.shape.map(dimProto) };
  return { name: value.name, type: { tensorType: { elemType: toProtoType(value.type), shape } } };
}

function dimProto(dim: Dim): onnx.TensorShapeProto.IDimension {
  if (dim === null) return {};
  return typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim };
}
