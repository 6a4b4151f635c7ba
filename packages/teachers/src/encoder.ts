import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ModelPort, Pooling } from '@retort/contracts';
import { readModel, writeModel } from '@retort/onnx';
import { entryOf, ThreadHost } from '@retort/runtime';
import {
  findModelFile,
  InlineTextModel,
  openTokenizer,
  type TextModel,
  type TextModelOptions,
  type TextModelReady,
  type TextModelRequest,
  type TextOutput,
  ThreadedTextModel,
} from '@retort/text';
import { type EmbeddingOutput, embeddingOutput, folderPooling } from './embedding-output.js';
import { EMBEDDING, encoderGraph } from './encoder-graph.js';
import { asTeacher } from './invalid-teacher.js';

/** Texts to vectors. */
export interface Encoder {
  /** Width of an embedding. */
  readonly width: number;
  /** `[texts, width]`, row-major. @throws RetortError `RT_CANCELLED` after `signal` */
  embed(texts: readonly string[], options?: { signal?: AbortSignal }): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface EncoderOptions extends Pick<TextModelOptions, 'threads' | 'placement'> {
  /** Over what the folder says; see {@link embeddingOutput}. */
  pooling?: Pooling;
  /** Whether embeddings are scaled to unit length. Default false. */
  normalize?: boolean;
}

/**
 * Opens an encoder folder. Pooling happens inside the graph, in a worker thread unless placed `inline`.
 *
 * @throws RetortError `RT_INVALID_TEACHER` naming the file or output that cannot be used
 */
export function openEncoder(dir: string, options: EncoderOptions = {}): Promise<Encoder> {
  return asTeacher(async () => {
    const model =
      options.placement === 'inline' ? await openInlineEncoder(dir, options) : await openThread(dir, options);
    const { dims } = await model.run(['a'], EMBEDDING);
    return {
      width: dims[1],
      embed: (texts, { signal } = {}) => asTeacher(async () => (await model.run(texts, EMBEDDING, { signal })).data),
      close: () => model.close(),
    };
  });
}

/** What the worker opens an encoder from. */
export interface EncoderInit {
  dir: string;
  options: EncoderOptions;
}

async function openThread(dir: string, options: EncoderOptions): Promise<TextModel> {
  const entry = entryOf('@retort/teachers/worker', import.meta.url);
  const init: EncoderInit = { dir: resolve(dir), options };
  return new ThreadedTextModel(
    await ThreadHost.open<unknown, TextModelReady, TextModelRequest, TextOutput>({ entry, init }),
  );
}

/** The text model behind an encoder, in this thread; its output is {@link EMBEDDING}. */
export async function openInlineEncoder(dir: string, options: EncoderOptions): Promise<InlineTextModel> {
  const tokenizer = await openTokenizer(dir);
  const { model, embedding } = await readEncoder(dir, options.pooling);
  const graph = encoderGraph(model, { ...embedding, normalize: options.normalize });
  return InlineTextModel.open(tokenizer, writeModel(graph), options);
}

/** Reads an encoder's graph and chooses its embedding. @throws RetortError `RT_INVALID_MODEL`, `RT_INVALID_TEACHER` */
export async function readEncoder(dir: string, pooling?: Pooling) {
  const model = readModel(await readFile(join(dir, await findModelFile(dir))));
  const outputs: ModelPort[] = model.graph.outputs.map(({ name, type, shape }) => ({ name, type, shape: shape ?? [] }));
  const embedding: EmbeddingOutput = embeddingOutput(outputs, { asked: pooling, folder: await folderPooling(dir) });
  return { model, embedding };
}
