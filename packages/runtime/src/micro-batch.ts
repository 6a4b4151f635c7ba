import { RetortError } from '@retort/contracts/values';
import { cancelled } from './cancelled.js';

export interface MicroBatchOptions<Input, Output> {
  /** Answers a batch: one output per input, in order. */
  run: (inputs: Input[]) => Promise<Output[]>;
  /** Most inputs of one batch, at least 1. */
  maxBatch: number;
  /**
   * How long the first input of a batch waits for company, in milliseconds. Default 0: a batch leaves at once when the
   * runner is free, and what arrives while it works forms the next one, so that batches grow with the load by themselves.
   */
  maxWaitMs?: number;
  /** Inputs that may wait; beyond, `submit` refuses with `RT_UNAVAILABLE`. Default no limit. */
  maxQueue?: number;
}

interface Waiting<Input, Output> {
  input: Input;
  resolve: (output: Output) => void;
  reject: (error: unknown) => void;
  settle: () => void;
}

/** Joins concurrent single requests into batches, one batch at a time. A batch that fails fails each of its requests. */
export class MicroBatcher<Input, Output> {
  readonly #options: Required<MicroBatchOptions<Input, Output>>;
  readonly #waiting: Waiting<Input, Output>[] = [];
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #closed = false;

  constructor(options: MicroBatchOptions<Input, Output>) {
    if (!Number.isInteger(options.maxBatch) || options.maxBatch < 1) {
      throw new RangeError(`maxBatch must be an integer of at least 1, not ${options.maxBatch}`);
    }
    this.#options = { maxWaitMs: 0, maxQueue: Number.POSITIVE_INFINITY, ...options };
  }

  /** Inputs that wait for a batch. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Adds an input to the next batch and waits for its output.
   *
   * @throws what the batch's run threw, or RetortError `RT_CANCELLED`, `RT_UNAVAILABLE` (closed, or the queue is full)
   */
  submit(input: Input, signal?: AbortSignal): Promise<Output> {
    if (this.#closed) return Promise.reject(new RetortError('RT_UNAVAILABLE', 'The model was closed.'));
    if (signal?.aborted) return Promise.reject(cancelled());
    if (this.#waiting.length >= this.#options.maxQueue) {
      return Promise.reject(
        new RetortError('RT_UNAVAILABLE', `${this.#waiting.length} inputs are waiting already: try again later.`),
      );
    }
    return new Promise((resolve, reject) => {
      const entry: Waiting<Input, Output> = { input, resolve, reject, settle: () => {} };
      if (signal) {
        const abort = () => {
          const at = this.#waiting.indexOf(entry);
          if (at >= 0) this.#waiting.splice(at, 1);
          reject(cancelled());
        };
        signal.addEventListener('abort', abort, { once: true });
        entry.settle = () => signal.removeEventListener('abort', abort);
      }
      this.#waiting.push(entry);
      this.#schedule();
    });
  }

  /** Refuses new inputs and waits until those accepted are answered. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#running || this.#waiting.length > 0) {
      this.#start();
      await this.#running;
    }
  }

  #schedule(): void {
    if (this.#running) return;
    if (this.#waiting.length >= this.#options.maxBatch) this.#start();
    else if (this.#timer === undefined) {
      const { maxWaitMs } = this.#options;
      // Even without a wait, what was submitted in the same turn of the event loop goes together.
      this.#timer = maxWaitMs > 0 ? setTimeout(() => this.#start(), maxWaitMs) : setImmediate(() => this.#start());
    }
  }

  #start(): void {
    clearTimeout(this.#timer as NodeJS.Timeout | undefined);
    clearImmediate(this.#timer as NodeJS.Immediate | undefined);
    this.#timer = undefined;
    if (this.#running || this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, this.#options.maxBatch);
    this.#running = this.#answer(batch).finally(() => {
      this.#running = undefined;
      // These waited through a whole batch already.
      this.#start();
    });
  }

  async #answer(batch: Waiting<Input, Output>[]): Promise<void> {
    try {
      const outputs = await this.#options.run(batch.map(({ input }) => input));
      if (outputs.length !== batch.length)
        throw new Error(`A batch of ${batch.length} gave ${outputs.length} outputs.`);
      for (const [i, { resolve, settle }] of batch.entries()) {
        settle();
        resolve(outputs[i]);
      }
    } catch (error) {
      for (const { reject, settle } of batch) {
        settle();
        reject(error);
      }
    }
  }
}
