import { serveThread } from '@retort/runtime';
import { openInline } from './open-text-model.js';
import { serveTextModel } from './serve-text-model.js';
import type { TextOutput } from './text-model.js';
import type { TextModelInit, TextModelReady, TextModelRequest } from './threaded-text-model.js';

/** Entry of the worker thread behind a text model with placement `thread`. */
await serveThread<TextModelInit, TextModelReady, TextModelRequest, TextOutput>(async ({ folder, options }) =>
  serveTextModel(await openInline(folder, options)),
);
