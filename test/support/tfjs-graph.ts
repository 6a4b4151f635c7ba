import * as ort from 'onnxruntime-node';
import { type Model, type TfjsSource, writeModel } from '../../packages/onnx/src/index.ts';

export type TfType = 'float32' | 'int32' | 'bool';

/** Codes of `tensorflow.DataType`. */
const CODES: Record<TfType, number> = { float32: 1, int32: 3, bool: 10 };

/** Writes small TensorFlow.js graph models, as the converter does: attributes in JSON, constants in one weight file. */
export class TfjsGraph {
  readonly #nodes: object[] = [];
  readonly #weights: object[] = [];
  readonly #bytes: Uint8Array[] = [];

  placeholder(name: string, shape: number[], type: TfType = 'float32'): string {
    const dim = shape.map((size) => ({ size: String(size) }));
    this.#nodes.push({ name, op: 'Placeholder', attr: { dtype: { type: CODES[type] }, shape: { shape: { dim } } } });
    return name;
  }

  constant(shape: number[], values: number[], type: TfType = 'float32'): string {
    const bytes = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[type].from(values);
    return this.stored({ shape, dtype: type }, bytes);
  }

  ints(...values: number[]): string {
    return this.constant([values.length], values, 'int32');
  }

  int(value: number): string {
    return this.constant([], [value], 'int32');
  }

  /** A constant with a manifest entry and bytes of one's own choice. */
  stored(entry: object, data: ArrayBufferView): string {
    const name = `const${this.#weights.length}`;
    this.#nodes.push({ name, op: 'Const', attr: {} });
    this.#weights.push({ name, ...entry });
    this.#bytes.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return name;
  }

  node(op: string, input: string[], attr: Record<string, object> = {}): string {
    const name = `${op.toLowerCase()}${this.#nodes.length}`;
    this.#nodes.push({ name, op, input, attr });
    return name;
  }

  source(): TfjsSource {
    const modelJson = {
      format: 'graph-model',
      modelTopology: { node: this.#nodes },
      weightsManifest: [{ paths: ['weights.bin'], weights: this.#weights }],
    };
    return { modelJson, weights: Buffer.concat(this.#bytes) };
  }
}

/** Attribute values as the converter writes them. */
export const attr = {
  b: (value: boolean) => ({ b: value }),
  i: (value: number) => ({ i: String(value) }),
  s: (value: string) => ({ s: Buffer.from(value).toString('base64') }),
  ints: (...values: number[]) => ({ list: { i: values.map(String) } }),
  strings: (...values: string[]) => ({ list: { s: values.map((value) => Buffer.from(value).toString('base64')) } }),
  type: (type: TfType) => ({ type: CODES[type] }),
};

export interface Result {
  dims: number[];
  data: number[];
}

/** Runs a model in ONNX Runtime; integers come back as ordinary numbers. */
export async function runModel(model: Model, feeds: Record<string, ort.Tensor> = {}): Promise<Record<string, Result>> {
  const session = await ort.InferenceSession.create(writeModel(model), { intraOpNumThreads: 1, interOpNumThreads: 1 });
  try {
    const results = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, { dims, data }]) => [
        name,
        { dims: [...dims], data: Array.from(data as ArrayLike<unknown>, Number) },
      ]),
    );
  } finally {
    await session.release();
  }
}
