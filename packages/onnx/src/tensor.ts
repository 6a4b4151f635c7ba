/** Element types that Retort reads and writes, by the names ONNX Runtime's JavaScript API uses. */
export type DataType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool'
  | 'string';

/** Raw element storage. float16 and bfloat16 are kept as their bit patterns; bool as 0 or 1. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | string[];

/** A dense tensor in row-major order. An empty `dims` is a scalar. */
export interface Tensor {
  type: DataType;
  dims: number[];
  data: TensorData;
}

type NumericArrayConstructor = {
  new (length: number): Exclude<TensorData, string[]>;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): Exclude<TensorData, string[]>;
  readonly BYTES_PER_ELEMENT: number;
};

const STORAGE: Record<Exclude<DataType, 'string'>, NumericArrayConstructor> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** The typed array that holds elements of `type`. */
export function storageOf(type: Exclude<DataType, 'string'>): NumericArrayConstructor {
  return STORAGE[type];
}

/** Number of elements: the product of `dims`, 1 for a scalar. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** A float32 tensor; without `data`, of zeros. */
export function floats(dims: number[], data?: ArrayLike<number>): Tensor {
  return { type: 'float32', dims, data: data === undefined ? new Float32Array(sizeOf(dims)) : Float32Array.from(data) };
}

/** An int64 tensor from ordinary numbers. */
export function int64s(dims: number[], data: ArrayLike<number>): Tensor {
  return { type: 'int64', dims, data: BigInt64Array.from({ length: data.length }, (_, i) => BigInt(data[i])) };
}

/** A scalar float32. */
export function floatScalar(value: number): Tensor {
  return floats([], [value]);
}

/** A 1-d int64 tensor: axes, shapes, repeats. */
export function int64Vector(values: ArrayLike<number>): Tensor {
  return int64s([values.length], values);
}
