import { serveThread } from '@retort/runtime';
import { serveTextModel, type TextModelReady, type TextModelRequest, type TextOutput } from '@retort/text';
import { type EncoderInit, openInlineEncoder } from './encoder.js';

/** Entry of the worker thread behind an encoder. */
await serveThread<EncoderInit, TextModelReady, TextModelRequest, TextOutput>(async ({ dir, options }) =>
  serveTextModel(await openInlineEncoder(dir, options)),
);
