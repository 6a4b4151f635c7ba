import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { RetortError } from '@retort/contracts/values';
import { cancelled } from './cancelled.js';
import { type FromWorker, fromWire, type ToWorker } from './thread-protocol.js';

/** Requests sent ahead to the worker: one runs while the next waits beside it, so that it never idles between two. */
const AHEAD = 2;
/** How long an asked-for exit may take before the thread is ended by force, in milliseconds. */
const EXIT_GRACE = 2000;

interface Call<Request, Response> {
  request: Request;
  resolve: (response: Response) => void;
  reject: (error: Error) => void;
  /** Stops listening to the caller's signal. */
  settle: () => void;
}

export interface ThreadHostOptions<Init> {
  /** Path of the worker's entry file (see {@link serveThread}, {@link entryOf}). */
  entry: string;
  /** What it opens its service from; must be clonable. Kept, to open a new worker should this one die. */
  init: Init;
}

/**
 * A service in a worker thread, called from this one.
 *
 * At most two requests are in the worker; the rest wait here, where an abort still removes them. A worker that dies rejects
 * what was in it and is replaced by the next call. An idle host keeps no process alive.
 */
export class ThreadHost<Init, Ready, Request, Response> {
  /** What the service said when it opened. */
  readonly ready: Ready;
  readonly #options: ThreadHostOptions<Init>;
  #worker: Worker | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #nextId = 0;
  readonly #waiting: Call<Request, Response>[] = [];
  readonly #sent = new Map<number, Call<Request, Response>>();
  #drained: (() => void) | undefined;

  private constructor(options: ThreadHostOptions<Init>, worker: Worker, ready: Ready) {
    this.#options = options;
    this.ready = ready;
    this.#adopt(worker);
  }

  /** Starts the worker and waits until its service is open. @throws what the service threw, or RetortError `RT_WORKER_LOST` */
  static async open<Init, Ready, Request, Response>(
    options: ThreadHostOptions<Init>,
  ): Promise<ThreadHost<Init, Ready, Request, Response>> {
    const { worker, ready } = await start<Init, Ready>(options);
    return new ThreadHost(options, worker, ready);
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @throws what the service threw, or RetortError `RT_CANCELLED`, `RT_WORKER_LOST`, `RT_UNAVAILABLE` (closed)
   */
  call(request: Request, signal?: AbortSignal): Promise<Response> {
    if (this.#closing) return Promise.reject(new RetortError('RT_UNAVAILABLE', 'The model was closed.'));
    if (signal?.aborted) return Promise.reject(cancelled());
    return new Promise<Response>((resolve, reject) => {
      const call: Call<Request, Response> = { request, resolve, reject, settle: () => {} };
      if (signal) {
        const abort = () => {
          const at = this.#waiting.indexOf(call);
          if (at >= 0) this.#waiting.splice(at, 1);
          reject(cancelled());
        };
        signal.addEventListener('abort', abort, { once: true });
        call.settle = () => signal.removeEventListener('abort', abort);
      }
      this.#waiting.push(call);
      this.#pump();
    });
  }

  /** Refuses new requests, waits for those accepted, then ends the worker. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#waiting.length > 0 || this.#sent.size > 0 || this.#opening) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker === undefined) return;
    worker.ref();
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage('close' satisfies ToWorker<Request>);
    const timer = setTimeout(() => void worker.terminate(), EXIT_GRACE);
    await gone;
    clearTimeout(timer);
  }

  #adopt(worker: Worker): void {
    this.#worker = worker;
    worker.on('message', (message: FromWorker<Ready, Response>) => this.#receive(message));
    worker.once('error', (error) => this.#lose(worker, error));
    worker.once('exit', () => this.#lose(worker, undefined));
    worker.unref();
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#sent.size < AHEAD) {
      if (this.#worker === undefined) {
        this.#reopen();
        return;
      }
      const call = this.#waiting.shift()!;
      const id = this.#nextId++;
      this.#worker.ref();
      this.#sent.set(id, call);
      try {
        this.#worker.postMessage({ id, request: call.request } satisfies ToWorker<Request>, []);
      } catch (error) {
        // What cannot be cloned never reached the worker.
        this.#sent.delete(id);
        call.settle();
        call.reject(error instanceof Error ? error : new Error(String(error)));
      }
    }
    if (this.#sent.size > 0) return;
    this.#worker?.unref();
    if (this.#waiting.length === 0 && this.#opening === undefined) this.#drained?.();
  }

  #reopen(): void {
    this.#opening ??= start<Init, Ready>(this.#options)
      .then(
        ({ worker }) => this.#adopt(worker),
        (error: Error) => {
          for (const call of this.#waiting.splice(0)) {
            call.settle();
            call.reject(error);
          }
        },
      )
      .finally(() => {
        this.#opening = undefined;
        this.#pump();
      });
  }

  #receive(message: FromWorker<Ready, Response>): void {
    if (!('id' in message)) return;
    const call = this.#sent.get(message.id);
    this.#sent.delete(message.id);
    if (call !== undefined) {
      call.settle();
      if ('response' in message) call.resolve(message.response);
      else call.reject(fromWire(message.error));
    }
    this.#pump();
  }

  #lose(worker: Worker, cause: Error | undefined): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const reason = cause === undefined ? 'ended' : `died: ${cause.message}`;
    for (const call of this.#sent.values()) {
      call.settle();
      call.reject(new RetortError('RT_WORKER_LOST', `The thread that ran the model ${reason}.`, { cause }));
    }
    this.#sent.clear();
    this.#pump();
  }
}

function start<Init, Ready>({ entry, init }: ThreadHostOptions<Init>): Promise<{ worker: Worker; ready: Ready }> {
  return new Promise((resolve, reject) => {
    // The caller's own flags (loaders, inspectors) are no business of a worker that runs built JavaScript.
    const worker = new Worker(entry, { workerData: init, execArgv: [] });
    const lost = (cause?: Error) =>
      reject(
        new RetortError('RT_WORKER_LOST', `The worker thread did not start${cause ? `: ${cause.message}` : ''}.`, {
          cause,
        }),
      );
    worker.once('error', lost);
    worker.once('exit', lost.bind(undefined, undefined));
    worker.once('message', (message: FromWorker<Ready, never>) => {
      worker.removeAllListeners('error');
      worker.removeAllListeners('exit');
      if ('ready' in message) resolve({ worker, ready: message.ready });
      else if ('failed' in message) reject(fromWire(message.failed));
    });
  });
}

/**
 * Path of the built file behind a package's export, for example `@retort/runtime/worker`.
 *
 * @param from `import.meta.url` of the caller
 */
export function entryOf(specifier: string, from: string): string {
  try {
    return createRequire(from).resolve(specifier);
  } catch (cause) {
    throw new RetortError('RT_INTERNAL', `${specifier} is not built: run "npm run build".`, { cause });
  }
}

/** A typed array that can be sent without dragging along a larger buffer that it is a view of. */
export function compact<A extends ArrayBufferView & { slice(): A }>(array: A): A {
  return array.byteLength === array.buffer.byteLength ? array : array.slice();
}
