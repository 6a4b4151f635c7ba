import type { SessionOptions, SessionPort } from '@retort/runtime';
import type { Tokenizer } from './tokenizer.js';

/** One row of numbers per text. */
export interface TextOutput {
  /** Row-major. */
  data: Float32Array;
  /** `[texts, …]` */
  dims: number[];
}

/** An ONNX model behind its tokenizer: texts in, rows of numbers out. */
export interface TextModel {
  readonly tokenizer: Omit<Tokenizer, 'encode'>;
  readonly inputs: SessionPort[];
  readonly outputs: SessionPort[];
  /**
   * Computes one output for any number of texts. They are encoded, sorted by length and run in batches of little padding;
   * the rows come back in the order of the texts.
   *
   * @param output an output whose rows have one size for every text (`[batch, width]`)
   * @throws RetortError `RT_INVALID_MODEL` where the model fails or the rows differ in size, `RT_CANCELLED` after `signal`
   */
  run(texts: readonly string[], output: string, options?: { signal?: AbortSignal }): Promise<TextOutput>;
  close(): Promise<void>;
}

export interface TextModelOptions extends Pick<SessionOptions, 'threads' | 'placement' | 'spin'> {
  /** Path of the graph within the folder; default: that of `findServedFile`. */
  modelFile?: string;
}
