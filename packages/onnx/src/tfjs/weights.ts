import { RetortError } from '@retort/contracts/values';
import { int64s, sizeOf, type Tensor } from '../tensor.js';
import type { TfWeight } from './graph-def.js';

const BYTES: Record<string, number> = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 };

/**
 * Decodes the weights of a manifest from the bytes of its files, one after another. Integers become int64, the type of ONNX's
 * indices and shapes; quantised weights become what TensorFlow.js computes with: `q · scale + min`, as float32.
 *
 * @throws RetortError `RT_INVALID_MODEL` naming the weight for bytes that are too few or too many and types that are not
 * supported.
 */
export function decodeWeights(specs: TfWeight[], bytes: Uint8Array): Map<string, Tensor> {
  const weights = new Map<string, Tensor>();
  let offset = 0;
  for (const spec of specs) {
    const stored = spec.quantization?.dtype ?? spec.dtype;
    const width = BYTES[stored];
    if (width === undefined) throw invalid(`The weight "${spec.name}" is stored as ${stored}, which is not supported.`);
    const length = sizeOf(spec.shape) * width;
    if (offset + length > bytes.byteLength) {
      throw invalid(
        `The weight files end before the weight "${spec.name}": ${bytes.byteLength} bytes given, ${offset + length} wanted.`,
      );
    }
    // A copy of its own: it aligns the elements, and frees them from the caller's buffer. (`slice` of a Node Buffer is no copy.)
    const own = new Uint8Array(bytes.subarray(offset, offset + length));
    weights.set(spec.name, decode(spec, own.buffer));
    offset += length;
  }
  if (offset !== bytes.byteLength)
    throw invalid(`The weight files have ${bytes.byteLength} bytes, the manifest wants ${offset}.`);
  return weights;
}

function decode({ name, shape, dtype, quantization }: TfWeight, buffer: ArrayBuffer): Tensor {
  const size = sizeOf(shape);
  if (quantization && dtype === 'float32') {
    return { type: 'float32', dims: shape, data: dequantize(quantization, buffer, new Float32Array(size), name) };
  }
  if (quantization && dtype === 'int32' && quantization.dtype !== 'float16') {
    return int64s(shape, dequantize(quantization, buffer, new Float64Array(size), name).map(Math.round));
  }
  if (quantization)
    throw invalid(`The weight "${name}" is ${dtype} quantised to ${quantization.dtype}, which is not supported.`);
  if (dtype === 'float32') return { type: 'float32', dims: shape, data: new Float32Array(buffer) };
  if (dtype === 'int32') return int64s(shape, new Int32Array(buffer));
  if (dtype === 'bool') return { type: 'bool', dims: shape, data: new Uint8Array(buffer) };
  throw invalid(`The weight "${name}" is of type ${dtype}, which is not supported.`);
}

/** Fills `into`. A plain loop: `from` with a callback takes 40 times as long, and a model has tens of millions of weights. */
function dequantize<T extends Float32Array | Float64Array>(
  { dtype, scale, min }: NonNullable<TfWeight['quantization']>,
  buffer: ArrayBuffer,
  into: T,
  name: string,
): T {
  if (dtype === 'float16') {
    const stored = new Uint16Array(buffer);
    for (let i = 0; i < into.length; i++) into[i] = halfToFloat(stored[i] as number);
  } else if (dtype === 'uint8' || dtype === 'uint16') {
    const stored = dtype === 'uint8' ? new Uint8Array(buffer) : new Uint16Array(buffer);
    for (let i = 0; i < into.length; i++) into[i] = (stored[i] as number) * scale + min;
  } else {
    throw invalid(`The weight "${name}" is quantised to ${dtype}, which is not supported.`);
  }
  return into;
}

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function invalid(detail: string): RetortError {
  return new RetortError('RT_INVALID_MODEL', detail);
}
