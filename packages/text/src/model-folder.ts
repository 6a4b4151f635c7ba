import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RetortError } from '@retort/contracts/values';
import { isObject } from './tokenizer-files.js';

/** Where a Hugging Face folder keeps its graph, in the order looked for. */
export const MODEL_PATHS = ['onnx/model.onnx', 'model.onnx'] as const;

/** Where a Hugging Face folder keeps the int8 form of its graph: what their runtimes call the dtype `q8`. */
export const QUANTIZED_PATH = 'onnx/model_quantized.onnx';

/**
 * Path of the graph that a folder answers with: the int8 one where there is one and `config.json` says so in the field by which
 * Hugging Face's runtime chooses (`"transformers.js_config": {"dtype": "q8"}`), else that of {@link findModelFile}.
 *
 * @throws RetortError `RT_INVALID_MODEL` where there is none
 */
export async function findServedFile(folder: string): Promise<string> {
  const config = await readJson(folder, 'config.json', { optional: true });
  const runtime = config?.['transformers.js_config'];
  if (isObject(runtime) && runtime.dtype === 'q8') {
    const found = await stat(join(folder, QUANTIZED_PATH)).catch(() => undefined);
    if (found?.isFile()) return QUANTIZED_PATH;
  }
  return findModelFile(folder);
}

/** Path of the float graph within a model folder, the one to read weights from. @throws RetortError `RT_INVALID_MODEL` where there is none */
export async function findModelFile(folder: string): Promise<string> {
  for (const path of MODEL_PATHS) {
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (found?.isFile()) return path;
  }
  throw new RetortError('RT_INVALID_MODEL', `The model folder has no ${MODEL_PATHS[1]} and no ${MODEL_PATHS[0]}.`);
}

/**
 * Reads a JSON object of a model folder.
 *
 * @returns undefined where the file is absent and `optional`
 * @throws RetortError `RT_INVALID_MODEL` naming the file
 */
export async function readJson(
  folder: string,
  path: string,
  options: { optional: true },
): Promise<Record<string, unknown> | undefined>;
export async function readJson(folder: string, path: string): Promise<Record<string, unknown>>;
export async function readJson(
  folder: string,
  path: string,
  { optional = false }: { optional?: boolean } = {},
): Promise<Record<string, unknown> | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, path), 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing && optional) return undefined;
    const reason = missing ? `The model folder has no ${path}` : `${path} of the model folder cannot be read`;
    throw new RetortError('RT_INVALID_MODEL', `${reason}.`, { cause });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (cause) {
    throw new RetortError('RT_INVALID_MODEL', `${path} of the model folder is not valid JSON.`, { cause });
  }
  throw new RetortError('RT_INVALID_MODEL', `${path} of the model folder is not a JSON object.`);
}

/**
 * The labels of a `config.json`, in the order of the logits.
 *
 * @throws RetortError `RT_INVALID_MODEL` where `id2label` is missing, has gaps, or gives one label twice
 */
export function labelsOf(config: Record<string, unknown>): string[] {
  const { id2label } = config;
  if (!isObject(id2label)) throw new RetortError('RT_INVALID_MODEL', 'config.json has no "id2label".');
  const labels = Array.from({ length: Object.keys(id2label).length }, (_, id) => id2label[id]);
  for (const [id, label] of labels.entries()) {
    if (typeof label !== 'string' || label === '') {
      throw new RetortError(
        'RT_INVALID_MODEL',
        `"id2label" of config.json has no label for ${id}: ids must run from 0 without gaps.`,
      );
    }
    if (labels.indexOf(label) !== id) {
      throw new RetortError('RT_INVALID_MODEL', `"id2label" of config.json gives the label "${label}" twice.`);
    }
  }
  return labels as string[];
}
