import { entryOf, type SessionPort, ThreadHost } from '@retort/runtime';
import type { TextModel, TextModelOptions, TextOutput } from './text-model.js';
import type { Tokenizer } from './tokenizer.js';

/** What the worker opens a text model from. */
export interface TextModelInit {
  folder: string;
  options: TextModelOptions;
}

/** What is known of a text model once it is open. */
export interface TextModelReady {
  tokenizer: Omit<Tokenizer, 'encode'>;
  inputs: SessionPort[];
  outputs: SessionPort[];
}

export interface TextModelRequest {
  texts: readonly string[];
  output: string;
}

/** Texts sent to the worker at once: an abort and other callers wait for no more than these. */
const SLICE = 256;

/** A text model whose tokenizer and graph work in a thread of their own. */
export class ThreadedTextModel implements TextModel {
  readonly tokenizer: Omit<Tokenizer, 'encode'>;
  readonly inputs: SessionPort[];
  readonly outputs: SessionPort[];
  readonly #host: ThreadHost<unknown, TextModelReady, TextModelRequest, TextOutput>;

  constructor(host: ThreadHost<unknown, TextModelReady, TextModelRequest, TextOutput>) {
    this.#host = host;
    this.tokenizer = host.ready.tokenizer;
    this.inputs = host.ready.inputs;
    this.outputs = host.ready.outputs;
  }

  static async open(folder: string, options: TextModelOptions): Promise<ThreadedTextModel> {
    const entry = entryOf('@retort/text/worker', import.meta.url);
    const init: TextModelInit = { folder, options };
    return new ThreadedTextModel(
      await ThreadHost.open<unknown, TextModelReady, TextModelRequest, TextOutput>({ entry, init }),
    );
  }

  async run(texts: readonly string[], output: string, { signal }: { signal?: AbortSignal } = {}): Promise<TextOutput> {
    if (texts.length <= SLICE) return this.#host.call({ texts, output }, signal);
    const starts = Array.from({ length: Math.ceil(texts.length / SLICE) }, (_, i) => i * SLICE);
    const parts = await Promise.all(
      starts.map((start) => this.#host.call({ texts: texts.slice(start, start + SLICE), output }, signal)),
    );
    const rowDims = parts[0].dims.slice(1);
    const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
    let at = 0;
    for (const part of parts) {
      data.set(part.data, at);
      at += part.data.length;
    }
    return { data, dims: [texts.length, ...rowDims] };
  }

  close(): Promise<void> {
    return this.#host.close();
  }
}
