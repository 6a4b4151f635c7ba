export interface Coalesced<T> {
  /** Offers a value; never throws, never waits. */
  push(value: T): void;
  /** Writes what is still held back; resolves when nothing is being written. */
  flush(): Promise<void>;
}

export interface CoalesceOptions<T> {
  /** Least time between two writes, in milliseconds. */
  intervalMs: number;
  write: (value: T) => Promise<unknown>;
  /** Values of different keys (stages, say) never replace each other. Default: one key. */
  key?: (value: T) => unknown;
  /** Hears of a write that failed; the value is lost, the next one is written. */
  onError: (error: unknown) => void;
}

/** Turns a fast stream of values into few writes: of the values that came while one waited, only the last is written. */
export function coalesce<T>({ intervalMs, write, key = () => undefined, onError }: CoalesceOptions<T>): Coalesced<T> {
  let pending: T[] = [];
  let writing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let lastAt = Number.NEGATIVE_INFINITY;

  function drain(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const values = pending;
    pending = [];
    if (values.length > 0) {
      lastAt = performance.now();
      for (const value of values) writing = writing.then(() => write(value)).then(() => undefined, onError);
    }
    return writing;
  }

  return {
    push(value) {
      const held = pending.at(-1);
      if (held !== undefined && key(held) === key(value)) pending.pop();
      pending.push(value);
      const wait = lastAt + intervalMs - performance.now();
      timer ??= setTimeout(() => void drain(), Math.max(0, wait));
    },
    flush: drain,
  };
}
