// onnx-proto is a CommonJS module whose names Node cannot see: only its default export can be imported as a value.
import onnxProto from 'onnx-proto';

/** The protobuf messages of the ONNX format. */
export const proto = onnxProto.onnx;
