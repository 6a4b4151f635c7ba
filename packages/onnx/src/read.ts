import { RetortError } from '@retort/contracts/values';
import type { onnx } from 'onnx-proto';
import type { Attribute, Dim, Graph, Model, Node, ValueInfo } from './model.js';
import { proto } from './proto.js';
import { fromProtoType } from './proto-types.js';
import { type DataType, sizeOf, storageOf, type Tensor } from './tensor.js';

const A = proto.AttributeProto.AttributeType;

/** Nested subgraphs (If, Loop) deeper than this are refused: no exporter writes them, a hostile file may. */
const MAX_SUBGRAPH_DEPTH = 16;

/** Longer names of axes are forgotten: they are multiplied and added to each other, and would grow without bounds. */
const MAX_AXIS_NAME = 128;

/**
 * Reads the bytes of an `.onnx` file. Weights are views into `bytes` where alignment allows, copies otherwise.
 *
 * @throws RetortError `RT_INVALID_MODEL` for bytes that are no ONNX model, weights kept in external files, element types
 * that Retort does not handle, and tensors whose data does not fit their dims; the detail names the tensor or node.
 */
export function readModel(bytes: Uint8Array): Model {
  const message = decode(bytes);
  if (!message.graph) throw invalid('The file has no graph: it is no ONNX model, or it is truncated.');
  if (message.functions.length > 0) throw invalid('Model-local functions are not supported: export with them inlined.');
  return {
    graph: readGraph(message.graph, 0),
    opsets: new Map(
      message.opsetImport.map(({ domain, version }) => [domain === 'ai.onnx' ? '' : (domain ?? ''), toNumber(version)]),
    ),
    irVersion: toNumber(message.irVersion),
    producer: message.producerName ?? '',
    metadata: new Map(message.metadataProps.map(({ key, value }) => [key ?? '', value ?? ''])),
  };
}

function decode(bytes: Uint8Array): onnx.ModelProto {
  try {
    return proto.ModelProto.decode(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalid(`The file is not a readable ONNX protobuf: ${reason}.`, cause);
  }
}

function readGraph(graph: onnx.IGraphProto, depth: number): Graph {
  if (depth > MAX_SUBGRAPH_DEPTH) throw invalid(`Subgraphs are nested deeper than ${MAX_SUBGRAPH_DEPTH}.`);
  if (graph.sparseInitializer?.length) throw invalid('Sparse initializers are not supported: export dense weights.');
  const initializers = new Map<string, Tensor>();
  for (const tensor of graph.initializer ?? []) {
    const name = tensor.name ?? '';
    if (name === '') throw invalid('An initializer has no name.');
    if (initializers.has(name)) throw invalid(`Two initializers are named "${name}".`);
    initializers.set(name, readTensor(tensor, `initializer "${name}"`));
  }
  return {
    name: graph.name ?? '',
    // Before IR 4 every initializer was listed as an input too; it is not one that a caller feeds.
    inputs: (graph.input ?? []).filter(({ name }) => !initializers.has(name ?? '')).map(readValueInfo),
    outputs: (graph.output ?? []).map(readValueInfo),
    nodes: (graph.node ?? []).map((node) => readNode(node, depth)),
    initializers,
    valueInfo: (graph.valueInfo ?? []).filter(({ type }) => type?.tensorType).map(readValueInfo),
  };
}

function readNode(node: onnx.INodeProto, depth: number): Node {
  const op = node.opType ?? '';
  if (op === '') throw invalid(`Node "${node.name ?? ''}" has no operator type.`);
  const where = `node "${node.name || node.output?.[0] || '?'}" (${op})`;
  const attributes: Record<string, Attribute> = Object.create(null);
  for (const attribute of node.attribute ?? []) {
    attributes[attribute.name ?? ''] = readAttribute(attribute, where, depth);
  }
  const domain = node.domain === 'ai.onnx' ? '' : (node.domain ?? '');
  return { op, domain, name: node.name ?? '', inputs: node.input ?? [], outputs: node.output ?? [], attributes };
}

function readAttribute(attribute: onnx.IAttributeProto, where: string, depth: number): Attribute {
  const text = new TextDecoder();
  const place = `attribute "${attribute.name}" of ${where}`;
  switch (attribute.type) {
    case A.INT:
      return { kind: 'int', value: toNumber(attribute.i) };
    case A.FLOAT:
      return { kind: 'float', value: attribute.f ?? 0 };
    case A.STRING:
      return { kind: 'string', value: text.decode(attribute.s ?? undefined) };
    case A.INTS:
      return { kind: 'ints', value: (attribute.ints ?? []).map(toNumber) };
    case A.FLOATS:
      return { kind: 'floats', value: attribute.floats ?? [] };
    case A.STRINGS:
      return { kind: 'strings', value: (attribute.strings ?? []).map((value) => text.decode(value)) };
    case A.TENSOR:
      if (!attribute.t) throw invalid(`The ${place} has no tensor.`);
      return { kind: 'tensor', value: readTensor(attribute.t, place) };
    case A.GRAPH:
      if (!attribute.g) throw invalid(`The ${place} has no graph.`);
      return { kind: 'graph', value: readGraph(attribute.g, depth + 1) };
    default:
      throw invalid(`The ${place} has a kind (${attribute.type}) that is not supported.`);
  }
}

function readTensor(tensor: onnx.ITensorProto, where: string): Tensor {
  if (tensor.dataLocation === proto.TensorProto.DataLocation.EXTERNAL) {
    throw invalid(`The weights of ${where} are in an external file: save the model with its weights inside.`);
  }
  const type = dataType(tensor.dataType ?? 0, where);
  const dims = (tensor.dims ?? []).map(toNumber);
  if (dims.some((dim) => !Number.isSafeInteger(dim) || dim < 0))
    throw invalid(`The dims [${dims}] of ${where} are not valid.`);
  const size = sizeOf(dims);
  if (type === 'string') {
    const data = (tensor.stringData ?? []).map((value) => new TextDecoder().decode(value));
    if (data.length !== size)
      throw invalid(`The data of ${where} has ${data.length} elements, its dims [${dims}] want ${size}.`);
    return { type, dims, data };
  }
  return { type, dims, data: readNumbers(tensor, type, size, where) };
}

function readNumbers(tensor: onnx.ITensorProto, type: Exclude<DataType, 'string'>, size: number, where: string) {
  const Storage = storageOf(type);
  const raw = tensor.rawData;
  if (raw && raw.byteLength > 0) {
    if (raw.byteLength !== size * Storage.BYTES_PER_ELEMENT) {
      throw invalid(
        `The data of ${where} has ${raw.byteLength} bytes, its dims and type want ${size * Storage.BYTES_PER_ELEMENT}.`,
      );
    }
    if (raw.byteOffset % Storage.BYTES_PER_ELEMENT === 0) return new Storage(raw.buffer, raw.byteOffset, size);
    // Not `raw.slice()`: of a Node Buffer that is no copy.
    return new Storage(new Uint8Array(raw).buffer, 0, size);
  }
  const values = typedField(tensor, type);
  // Checked before allocating: a hostile file may claim a petabyte with a dozen bytes.
  if (values.length !== size)
    throw invalid(`The data of ${where} has ${values.length} elements, its dims want ${size}.`);
  const data = new Storage(size);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < size; i++) data[i] = BigInt(String(values[i]));
  } else {
    for (let i = 0; i < size; i++) data[i] = Number(values[i]);
  }
  return data;
}

/** The repeated field that holds a tensor of `type` when it has no raw data (ONNX's `TensorProto` comments). */
function typedField(tensor: onnx.ITensorProto, type: DataType): ArrayLike<unknown> {
  if (type === 'float32') return tensor.floatData ?? [];
  if (type === 'float64') return tensor.doubleData ?? [];
  if (type === 'int64') return tensor.int64Data ?? [];
  if (type === 'uint32' || type === 'uint64') return tensor.uint64Data ?? [];
  return tensor.int32Data ?? [];
}

function readValueInfo(value: onnx.IValueInfoProto): ValueInfo {
  const name = value.name ?? '';
  const tensor = value.type?.tensorType;
  if (!tensor) throw invalid(`The value "${name}" is not a tensor.`);
  const shape = tensor.shape ? (tensor.shape.dim ?? []).map((dim) => readDim(dim, `value "${name}"`)) : undefined;
  return { name, type: dataType(tensor.elemType ?? 0, `value "${name}"`), shape };
}

function readDim(dim: onnx.TensorShapeProto.IDimension, where: string): Dim {
  if (dim.dimParam) return readName(dim.dimParam);
  // A protobuf message does not own the fields that the file left out.
  if (!Object.hasOwn(dim, 'dimValue') || dim.dimValue == null) return null;
  const extent = toNumber(dim.dimValue);
  // Some exporters write -1 for an extent that they do not know.
  if (extent === -1) return null;
  if (extent < 0 || !Number.isSafeInteger(extent)) throw invalid(`The ${where} has an axis of ${extent} elements.`);
  return extent;
}

/** The name of an axis. A number for a name would be taken for an extent by the arithmetic on them: then it is one. */
function readName(name: string): Dim {
  if (!/^\d+$/.test(name)) return name.length <= MAX_AXIS_NAME ? name : null;
  return Number.isSafeInteger(Number(name)) ? Number(name) : null;
}

function dataType(code: number, where: string): DataType {
  const type = fromProtoType(code);
  if (type === undefined) throw invalid(`The element type ${code} of ${where} is not supported.`);
  return type;
}

/** Protobuf's 64-bit integers arrive as Long objects. Beyond 2^53 they saturate, as exporters' `INT64_MAX` ends do. */
function toNumber(value: unknown): number {
  return value == null ? 0 : Number(value.toString());
}

function invalid(detail: string, cause?: unknown): RetortError {
  return new RetortError('RT_INVALID_MODEL', detail, { cause });
}
