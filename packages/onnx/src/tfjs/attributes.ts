import { RetortError } from '@retort/contracts/values';
import type { TfNode } from './graph-def.js';

/** The element types that TensorFlow.js computes in, as ONNX names them: it has one float, one integer and one boolean type. */
export type ElementType = 'float32' | 'int64' | 'bool';

/** `tensorflow.DataType` (types.proto), by code and by name. */
const ELEMENT_TYPES = new Map<unknown, ElementType>([
  ...typeEntries('float32', { DT_FLOAT: 1, DT_DOUBLE: 2, DT_BFLOAT16: 14, DT_HALF: 19 }),
  ...typeEntries('int64', {
    DT_INT32: 3,
    DT_UINT8: 4,
    DT_INT16: 5,
    DT_INT8: 6,
    DT_INT64: 9,
    DT_UINT16: 17,
    DT_UINT32: 22,
    DT_UINT64: 23,
  }),
  ...typeEntries('bool', { DT_BOOL: 10 }),
]);

function typeEntries(type: ElementType, codes: Record<string, number>): [unknown, ElementType][] {
  return Object.entries(codes).flatMap(([name, code]) => [
    [name, type] as [unknown, ElementType],
    [code, type] as [unknown, ElementType],
  ]);
}

/**
 * Typed access to the attributes of a node. The converter's JSON writes 64-bit integers as strings, and byte strings either in
 * base64 or as lists of codes.
 */
export class TfAttributes {
  readonly node: TfNode;

  constructor(node: TfNode) {
    this.node = node;
  }

  int(name: string, fallback: number): number {
    const value = this.#field(name, 'i');
    return value === undefined ? fallback : this.#whole(value, name);
  }

  float(name: string, fallback: number): number {
    const value = this.#field(name, 'f');
    if (value === undefined) return fallback;
    const number = Number(value);
    if (Number.isNaN(number)) throw this.#malformed(name);
    return number;
  }

  bool(name: string, fallback = false): boolean {
    return Boolean(this.#field(name, 'b') ?? fallback);
  }

  string(name: string, fallback: string): string {
    const value = this.#field(name, 's');
    return value === undefined ? fallback : this.#text(value, name);
  }

  ints(name: string): number[] {
    return this.#list(name, 'i').map((value) => this.#whole(value, name));
  }

  strings(name: string): string[] {
    return this.#list(name, 's').map((value) => this.#text(value, name));
  }

  /** @throws RetortError `RT_UNSUPPORTED_OP` for a type that TensorFlow.js does not compute in (strings, complex numbers). */
  type(name: string, fallback: ElementType): ElementType {
    const value = this.#field(name, 'type');
    if (value === undefined) return fallback;
    const type = ELEMENT_TYPES.get(value);
    if (type) return type;
    const { name: node, op } = this.node;
    throw new RetortError(
      'RT_UNSUPPORTED_OP',
      `Node "${node}" (${op}) has the type ${String(value)} in its attribute "${name}", which is not supported.`,
    );
  }

  /** Extents of a `TensorShapeProto`, -1 where unknown; undefined where even the rank is. */
  shape(name: string): number[] | undefined {
    const value = this.#field(name, 'shape');
    if (!isObject(value) || value.unknownRank === true) return undefined;
    if (value.dim === undefined) return [];
    if (!Array.isArray(value.dim)) throw this.#malformed(name);
    return value.dim.map((dim: unknown) => this.#whole(isObject(dim) ? (dim.size ?? 0) : undefined, name));
  }

  #field(name: string, field: string): unknown {
    const attribute = this.node.attributes.get(name);
    if (attribute === undefined) return undefined;
    if (!isObject(attribute)) throw this.#malformed(name);
    return attribute[field];
  }

  #list(name: string, field: string): unknown[] {
    const list = this.#field(name, 'list');
    if (list === undefined) return [];
    const values = isObject(list) ? (list[field] ?? []) : undefined;
    if (!Array.isArray(values)) throw this.#malformed(name);
    return values;
  }

  #whole(value: unknown, name: string): number {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw this.#malformed(name);
    return number;
  }

  #text(value: unknown, name: string): string {
    if (typeof value === 'string') return Buffer.from(value, 'base64').toString();
    if (Array.isArray(value)) return Buffer.from(value).toString();
    throw this.#malformed(name);
  }

  #malformed(name: string): RetortError {
    return new RetortError(
      'RT_INVALID_MODEL',
      `The attribute "${name}" of node "${this.node.name}" (${this.node.op}) is malformed.`,
    );
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
