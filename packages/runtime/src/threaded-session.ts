import type { Tensor } from '@retort/onnx';
import type { ModelSession, RunOptions, SessionOptions, SessionPort } from './session.js';
import { compact, entryOf, ThreadHost } from './thread-host.js';

/** What the worker opens a session from. */
export interface SessionInit {
  source: Uint8Array | string;
  options: SessionOptions;
}

export interface SessionReady {
  inputs: SessionPort[];
  outputs: SessionPort[];
}

export interface SessionRequest {
  feeds: Record<string, Tensor>;
  outputs?: string[];
}

/** A model that runs in a worker thread of its own. Feeds are copied to it, outputs are moved back. */
export class ThreadedSession implements ModelSession {
  readonly inputs: SessionPort[];
  readonly outputs: SessionPort[];
  readonly #host: ThreadHost<SessionInit, SessionReady, SessionRequest, Record<string, Tensor>>;

  private constructor(host: ThreadHost<SessionInit, SessionReady, SessionRequest, Record<string, Tensor>>) {
    this.#host = host;
    this.inputs = host.ready.inputs;
    this.outputs = host.ready.outputs;
  }

  static async open(source: Uint8Array | string, options: SessionOptions): Promise<ThreadedSession> {
    const entry = entryOf('@retort/runtime/worker', import.meta.url);
    const init = { source: typeof source === 'string' ? source : compact(source), options };
    return new ThreadedSession(await ThreadHost.open({ entry, init }));
  }

  run(feeds: Record<string, Tensor>, { outputs, signal }: RunOptions = {}): Promise<Record<string, Tensor>> {
    const sent: Record<string, Tensor> = {};
    for (const name of Object.keys(feeds)) {
      const { type, dims, data } = feeds[name];
      sent[name] = { type, dims, data: Array.isArray(data) ? data : compact(data) };
    }
    return this.#host.call({ feeds: sent, outputs }, signal);
  }

  close(): Promise<void> {
    return this.#host.close();
  }
}
