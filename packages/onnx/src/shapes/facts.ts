import type { Dim } from '../model.js';
import type { DataType, Tensor } from '../tensor.js';

/** What is known of a value before anything runs. */
export interface Facts {
  /** Undefined where the operator that makes it is unknown. */
  type: DataType | undefined;
  /** Undefined where even the rank is unknown. */
  shape: Dim[] | undefined;
  /**
   * The elements of a small integer scalar or vector, where they are known: they are extents themselves, so that
   * `Shape → Gather → Concat → Reshape` keeps the names of the axes.
   */
  elements?: Dim[];
  /** The value itself, of an initializer or a Constant node. */
  constant?: Tensor;
}

export const UNKNOWN: Facts = { type: undefined, shape: undefined };

/** Vectors longer than this are not followed element by element. */
export const MAX_ELEMENTS = 1024;

export function factsOf(tensor: Tensor): Facts {
  const facts: Facts = { type: tensor.type, shape: tensor.dims, constant: tensor };
  const { data } = tensor;
  if ((tensor.type === 'int64' || tensor.type === 'int32') && tensor.dims.length <= 1 && data.length <= MAX_ELEMENTS) {
    facts.elements = Array.from(data as BigInt64Array | Int32Array, Number);
  }
  return facts;
}
