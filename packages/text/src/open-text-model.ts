import { join } from 'node:path';
import { InlineTextModel } from './inline-text-model.js';
import { loadTokenizer } from './load-tokenizer.js';
import { findServedFile, readJson } from './model-folder.js';
import type { TextModel, TextModelOptions } from './text-model.js';
import { ThreadedTextModel } from './threaded-text-model.js';
import type { Tokenizer } from './tokenizer.js';

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
