import { compact, type ThreadService } from '@retort/runtime';
import type { TextModel, TextOutput } from './text-model.js';
import type { TextModelReady, TextModelRequest } from './threaded-text-model.js';

/** The worker's side of a {@link ThreadedTextModel}: for the entry files of workers that host one. */
export function serveTextModel(model: TextModel): ThreadService<TextModelReady, TextModelRequest, TextOutput> {
  const { kind, vocabularySize, padId, maxLength } = model.tokenizer;
  return {
    ready: { tokenizer: { kind, vocabularySize, padId, maxLength }, inputs: model.inputs, outputs: model.outputs },
    async handle({ texts, output }) {
      const { data, dims } = await model.run(texts, output);
      const own = compact(data);
      return { response: { data: own, dims }, transfer: [own.buffer as ArrayBuffer] };
    },
    close: () => model.close(),
  };
}
