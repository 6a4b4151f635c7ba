import type { Tensor } from '@retort/onnx';
import { InlineSession } from './inline-session.js';
import { serveThread } from './serve-thread.js';
import type { SessionInit, SessionReady, SessionRequest } from './threaded-session.js';

/** Entry of the worker thread behind a session with placement `thread`. */
await serveThread<SessionInit, SessionReady, SessionRequest, Record<string, Tensor>>(async ({ source, options }) => {
  const session = await InlineSession.open(source, options);
  return {
    ready: { inputs: session.inputs, outputs: session.outputs },
    async handle({ feeds, outputs }) {
      const response = await session.run(feeds, { outputs });
      const transfer = Object.values(response).flatMap(({ data }) =>
        Array.isArray(data) ? [] : [data.buffer as ArrayBuffer],
      );
      return { response, transfer };
    },
    close: () => session.close(),
  };
});
