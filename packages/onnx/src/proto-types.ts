import type { onnx } from 'onnx-proto';
import { proto } from './proto.js';
import type { DataType } from './tensor.js';

const T = proto.TensorProto.DataType;

const TO_PROTO: Record<DataType, onnx.TensorProto.DataType> = {
  float32: T.FLOAT,
  float64: T.DOUBLE,
  float16: T.FLOAT16,
  bfloat16: T.BFLOAT16,
  int8: T.INT8,
  uint8: T.UINT8,
  int16: T.INT16,
  uint16: T.UINT16,
  int32: T.INT32,
  uint32: T.UINT32,
  int64: T.INT64,
  uint64: T.UINT64,
  bool: T.BOOL,
  string: T.STRING,
};

const FROM_PROTO = new Map(Object.entries(TO_PROTO).map(([type, code]) => [code, type as DataType]));

/** ONNX's numeric code of a data type. */
export function toProtoType(type: DataType): onnx.TensorProto.DataType {
  return TO_PROTO[type];
}

/** The data type of ONNX's numeric code, or undefined for one that Retort does not handle (complex, float8, int4…). */
export function fromProtoType(code: number): DataType | undefined {
  return FROM_PROTO.get(code);
}
