import type { DataType, Tensor } from './tensor.js';

/** A known extent, or the name of a symbolic one (`batch`). `null` is an extent that nothing is known of. */
export type Dim = number | string | null;

export interface ValueInfo {
  name: string;
  type: DataType;
  /** Undefined where even the rank is unknown. */
  shape: Dim[] | undefined;
}

/** An attribute value, tagged with its ONNX kind. `ints` are safe integers. */
export type Attribute =
  | { kind: 'int'; value: number }
  | { kind: 'float'; value: number }
  | { kind: 'string'; value: string }
  | { kind: 'ints'; value: number[] }
  | { kind: 'floats'; value: number[] }
  | { kind: 'strings'; value: string[] }
  | { kind: 'tensor'; value: Tensor }
  | { kind: 'graph'; value: Graph };

export interface Node {
  /** Operator type, `MatMul`. */
  op: string;
  /** Operator set; `''` is ai.onnx. */
  domain: string;
  /** May be empty: ONNX does not require node names. */
  name: string;
  /** An empty name is an omitted optional input. */
  inputs: string[];
  outputs: string[];
  attributes: Record<string, Attribute>;
}

export interface Graph {
  name: string;
  inputs: ValueInfo[];
  outputs: ValueInfo[];
  /** In topological order. */
  nodes: Node[];
  initializers: Map<string, Tensor>;
  /** Types and shapes of intermediate values, where the file gives them. */
  valueInfo: ValueInfo[];
}

export interface Model {
  graph: Graph;
  /** Version of each operator set that the nodes use, by domain. */
  opsets: Map<string, number>;
  irVersion: number;
  producer: string;
  metadata: Map<string, string>;
}

/** A readable place for error messages: `node "encoder/MatMul_3" (MatMul)`, or by its first output when it has no name. */
export function describeNode(node: Node): string {
  const domain = node.domain === '' ? '' : `${node.domain}.`;
  return `node "${node.name || node.outputs[0] || '?'}" (${domain}${node.op})`;
}

/** The node with the values it reads and makes under new names; those not listed keep theirs. Subgraphs are not entered. */
export function renameValues(node: Node, names: ReadonlyMap<string, string>): Node {
  const rename = (name: string) => names.get(name) ?? name;
  return { ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) };
}
