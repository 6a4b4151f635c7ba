import { join } from 'node:path';
import type { SessionOptions, SessionPort } from '@retort/runtime';
import { InlineTextModel } from './inline-text-model.js';
import { findServedFile, readJson } from './model-folder.js';
import { ThreadedTextModel } from './threaded-text-model.js';
import { loadTokenizer, type Tokenizer } from './tokenizer.js';

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
  /** Path of the graph within the folder; default: that of {@link findServedFile}. */
  modelFile?: string;
}

/**
 * Opens a Hugging Face folder: `onnx/model.onnx` or `model.onnx` (or the int8 form of it that its `config.json` chooses), `tokenizer.json` and optionally `tokenizer_config.json`.
 * With placement `thread` (the default) tokenizer and model both work in a thread of their own.
 *
 * @throws RetortError `RT_INVALID_MODEL` naming the file or the input that cannot be used
 */
export function openTextModel(folder: string, options: TextModelOptions = {}): Promise<TextModel> {
  return options.placement === 'inline' ? openInline(folder, options) : ThreadedTextModel.open(folder, options);
}

/** {@link openTextModel} in this thread. */
export async function openInline(folder: string, options: TextModelOptions): Promise<InlineTextModel> {
  const tokenizer = await openTokenizer(folder);
  return InlineTextModel.open(tokenizer, join(folder, options.modelFile ?? (await findServedFile(folder))), options);
}

/** The tokenizer of a model folder. @throws RetortError `RT_INVALID_MODEL` */
export async function openTokenizer(folder: string): Promise<Tokenizer> {
  const json = await readJson(folder, 'tokenizer.json');
  return loadTokenizer(json, await readJson(folder, 'tokenizer_config.json', { optional: true }));
}
