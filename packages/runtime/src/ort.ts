import './no-telemetry.js';
import { RetortError } from '@retort/contracts/values';
import type { DataType, Tensor } from '@retort/onnx';
import * as ort from 'onnxruntime-node';
import type { SessionOptions, SessionPort } from './session.js';

/** ONNX Runtime's own name for "report nothing yourself": all that matters comes back as an error. */
const SILENT = 4;

/** Loads a model in this thread. @throws RetortError `RT_INVALID_MODEL` */
export async function createSession(
  source: Uint8Array | string,
  { threads = 1, spin = false, optimization = 'all', keepTransposes = false }: SessionOptions,
): Promise<ort.InferenceSession> {
  const options: ort.InferenceSession.SessionOptions = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: optimization,
    logSeverityLevel: SILENT,
    extra: {
      ...(spin ? {} : { session: { intra_op: { allow_spinning: '0' } } }),
      ...(keepTransposes ? { optimization: { disable_specified_optimizers: 'MatmulTransposeFusion' } } : {}),
    },
  };
  try {
    return typeof source === 'string'
      ? await ort.InferenceSession.create(source, options)
      : await ort.InferenceSession.create(source, options);
  } catch (cause) {
    throw invalidModel('cannot be loaded', cause);
  }
}

/** Inputs or outputs of a session. @throws RetortError `RT_INVALID_MODEL` for what is no tensor (sequences, maps) */
export function portsOf(metadata: readonly ort.InferenceSession.ValueMetadata[]): SessionPort[] {
  return metadata.map((value) => {
    if (!value.isTensor) throw new RetortError('RT_INVALID_MODEL', `"${value.name}" of the model is not a tensor.`);
    return {
      name: value.name,
      type: value.type as DataType,
      // ONNX Runtime gives a dynamic dimension without a name as an empty string.
      shape: value.shape.map((dim) => (dim === '' ? null : dim)),
    };
  });
}

/** Node versions that have it make ONNX Runtime insist on it. */
const Float16Array = (
  globalThis as { Float16Array?: new (buffer: ArrayBufferLike, offset: number, length: number) => object }
).Float16Array;

/** Wraps a tensor without copying its data. @throws RetortError `RT_INVALID_MODEL` */
export function toOrt(name: string, { type, data, dims }: Tensor): ort.Tensor {
  try {
    if (type === 'float16' && Float16Array !== undefined && data instanceof Uint16Array) {
      const half = new Float16Array(data.buffer, data.byteOffset, data.length);
      return new ort.Tensor(type, half as ort.Tensor.DataTypeMap['float16'], dims);
    }
    return new ort.Tensor(type as ort.Tensor.Type, data as ort.Tensor.DataType, dims);
  } catch (cause) {
    throw invalidModel(`cannot take the feed "${name}"`, cause);
  }
}

/** The tensor of ours that shares the data of ONNX Runtime's. */
export function fromOrt({ type, data, dims }: ort.Tensor): Tensor {
  const numbers = data as Exclude<Tensor['data'], string[]>;
  const bits = type === 'float16' && !(data instanceof Uint16Array);
  return {
    type: type as DataType,
    dims: [...dims],
    data: bits ? new Uint16Array(numbers.buffer, numbers.byteOffset, numbers.length) : (data as Tensor['data']),
  };
}

/** ONNX Runtime's error as ours; where in its own sources it arose is left out. */
export function invalidModel(what: string, cause: unknown): RetortError {
  const message = (cause instanceof Error ? cause.message : String(cause))
    .replace(/\S*onnxruntime_src\S*:\d+ [^()]*\([^()]*\)( const)?/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  return new RetortError('RT_INVALID_MODEL', `The model ${what}: ${message}`, { cause });
}
