import type { DataType, Dim, Tensor } from '@retort/onnx';

export interface SessionOptions {
  /** Threads that share the work of one kernel, at least 1. Default 1. */
  threads?: number;
  /**
   * Where runs happen. `thread` (default): in a worker thread of the session's own; the caller's event loop stays free.
   * `inline`: in the caller's thread, which stands still meanwhile (ONNX Runtime's `run` is synchronous in Node); for loops
   * that have a thread of their own, and for models so small that a thread's round trip (about 40 µs) costs more.
   */
  placement?: 'thread' | 'inline';
  /** Whether idle kernel threads spin: a little faster on an idle machine, wasteful on a busy one. Default false. */
  spin?: boolean;
  /** ONNX Runtime's graph optimizations; `disabled` computes the graph exactly as written. Default `all`. */
  optimization?: 'all' | 'disabled';
  /**
   * Whether transposes before matrix products are computed as written: ONNX Runtime otherwise makes them part of the product, which
   * is slower where the transposed operand is the narrower one. Default false.
   */
  keepTransposes?: boolean;
}

export interface RunOptions {
  /** Outputs to compute and return; default all. */
  outputs?: string[];
  /**
   * Tensors that named outputs are written into, which are then returned themselves: results that come again and again of the
   * same size, gradients above all, then take no new memory. Only of a session that runs `inline`. They must not share memory
   * with a feed, which ONNX Runtime may still read.
   */
  into?: Record<string, Tensor>;
  /** A run that waits is dropped; one under way is left to finish, its result discarded. */
  signal?: AbortSignal;
}

/** An input or output of a model. Named and `null` dimensions are dynamic. */
export interface SessionPort {
  name: string;
  type: DataType;
  shape: Dim[];
}

/** A loaded model. */
export interface ModelSession {
  readonly inputs: SessionPort[];
  readonly outputs: SessionPort[];
  /**
   * Runs the model once. `feeds` must name every input; the arrays are read, never kept or changed. The outputs are new
   * arrays, the caller's own.
   *
   * @throws RetortError `RT_INVALID_MODEL` with ONNX Runtime's message (a missing feed, a shape that does not fit),
   * `RT_CANCELLED` after `signal`, `RT_WORKER_LOST` when the thread died, `RT_UNAVAILABLE` after `close`
   */
  run(feeds: Record<string, Tensor>, options?: RunOptions): Promise<Record<string, Tensor>>;
  /** Refuses new runs, waits for those accepted, frees the model. May be called again. */
  close(): Promise<void>;
}
