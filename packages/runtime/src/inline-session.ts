import { RetortError } from '@retort/contracts/values';
import type { Tensor } from '@retort/onnx';
import type * as ort from 'onnxruntime-node';
import { cancelled } from './cancelled.js';
import { Discarded } from './discarded.js';
import { createSession, fromOrt, invalidModel, portsOf, toOrt } from './ort.js';
import type { ModelSession, RunOptions, SessionOptions, SessionPort } from './session.js';

/** A model that runs in the caller's thread. */
export class InlineSession implements ModelSession {
  readonly inputs: SessionPort[];
  readonly outputs: SessionPort[];
  readonly #session: ort.InferenceSession;
  readonly #discarded = new Discarded();
  #closing: Promise<void> | undefined;
  readonly #running = new Set<Promise<unknown>>();

  private constructor(session: ort.InferenceSession) {
    this.#session = session;
    this.inputs = portsOf(session.inputMetadata);
    this.outputs = portsOf(session.outputMetadata);
  }

  static async open(source: Uint8Array | string, options: SessionOptions): Promise<InlineSession> {
    return new InlineSession(await createSession(source, options));
  }

  async run(
    feeds: Record<string, Tensor>,
    { outputs, into, signal }: RunOptions = {},
  ): Promise<Record<string, Tensor>> {
    if (this.#closing) throw new RetortError('RT_UNAVAILABLE', 'The model was closed.');
    if (signal?.aborted) throw cancelled();
    const run = this.#run(feeds, outputs, into);
    this.#running.add(run);
    try {
      const results = await run;
      if (signal?.aborted) throw cancelled();
      return results;
    } finally {
      this.#running.delete(run);
    }
  }

  async #run(
    feeds: Record<string, Tensor>,
    outputs: string[] | undefined,
    into: Record<string, Tensor> = {},
  ): Promise<Record<string, Tensor>> {
    const wrapped: Record<string, ort.Tensor> = {};
    for (const name of Object.keys(feeds)) wrapped[name] = toOrt(name, feeds[name]);
    // A name with null is an output that ONNX Runtime makes itself.
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const name of outputs ?? this.#session.outputNames) {
      fetches[name] = into[name] ? toOrt(name, into[name]) : null;
    }
    let results: ort.InferenceSession.OnnxValueMapType;
    try {
      results = await this.#session.run(wrapped, fetches);
    } catch (cause) {
      throw invalidModel('failed', cause);
    }
    const tensors: Record<string, Tensor> = {};
    const copies: ort.Tensor[] = [];
    for (const name of Object.keys(results)) {
      if (into[name]) copies.push(results[name]);
      tensors[name] = into[name] ?? fromOrt(results[name]);
    }
    if (copies.length > 0) this.#discarded.take(copies);
    return tensors;
  }

  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#running).then(() => this.#session.release());
    return this.#closing;
  }
}
