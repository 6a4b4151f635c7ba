/** What a {@link ResourcePool} keeps: an open model, typically. */
export interface Closable {
  close(): Promise<void>;
}

export interface ResourcePoolOptions {
  /** Resources kept open; beyond, the longest unused ones are closed. More may be open while all are in use. At least 1. */
  capacity: number;
  /** Close what was not used for this long, in milliseconds. Default: never. */
  idleMs?: number;
}

interface Entry<R> {
  resource: Promise<R>;
  users: number;
  lastUse: number;
  /** No longer handed out; closed when its last user is done. */
  retired: boolean;
}

/**
 * Opens expensive resources once per key, shares them among concurrent users, and closes each only when nobody uses it: so
 * that a model can be replaced while it answers.
 */
export class ResourcePool<R extends Closable> {
  readonly #capacity: number;
  readonly #idleMs: number;
  readonly #entries = new Map<string, Entry<R>>();
  readonly #closing = new Set<Promise<void>>();
  #sweep: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ capacity, idleMs = Number.POSITIVE_INFINITY }: ResourcePoolOptions) {
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError(`capacity must be at least 1, not ${capacity}`);
    this.#capacity = capacity;
    this.#idleMs = idleMs;
    if (Number.isFinite(idleMs)) this.#sweep = setInterval(() => this.#closeIdle(), Math.max(idleMs / 4, 10)).unref();
  }

  /** Keys of the resources that are open or being opened. */
  get keys(): string[] {
    return [...this.#entries.keys()];
  }

  /**
   * Runs `work` with the resource of `key`, opened with `open` if it is not there. The resource stays open until `work` is
   * done. Where opening fails every user that waited for it gets the error, and the next one tries again.
   */
  async use<T>(key: string, open: () => Promise<R>, work: (resource: R) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error('The pool is closed.');
    const entry = this.#entries.get(key) ?? this.#add(key, open);
    entry.users++;
    try {
      return await work(await entry.resource);
    } finally {
      entry.users--;
      entry.lastUse = performance.now();
      this.#settle(key, entry);
    }
  }

  /** Stops handing out what `key` has now; it is closed when its last user is done. Without effect for an unknown key. */
  retire(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    entry.retired = true;
    this.#settle(key, entry);
  }

  /** Retires everything and resolves when all of it is closed. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweep);
    const entries = [...this.#entries.values()];
    for (const key of this.keys) this.retire(key);
    // Users end by themselves; the last one's end adds to the set of closings.
    while (entries.some(({ users }) => users > 0) || this.#closing.size > 0) {
      await Promise.all([...this.#closing, new Promise((resolve) => setTimeout(resolve, 5))]);
    }
  }

  #add(key: string, open: () => Promise<R>): Entry<R> {
    const entry: Entry<R> = { resource: open(), users: 0, lastUse: performance.now(), retired: false };
    this.#entries.set(key, entry);
    entry.resource.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    return entry;
  }

  #settle(key: string, entry: Entry<R>): void {
    if (entry.users > 0) return;
    if (entry.retired) this.#shut(entry);
    else if (this.#entries.size > this.#capacity) {
      const idle = [...this.#entries].filter(([, { users }]) => users === 0);
      const [oldest] = idle.sort(([, a], [, b]) => a.lastUse - b.lastUse);
      this.retire(oldest?.[0] ?? key);
    }
  }

  #closeIdle(): void {
    const since = performance.now() - this.#idleMs;
    for (const [key, { users, lastUse }] of this.#entries) if (users === 0 && lastUse < since) this.retire(key);
  }

  #shut(entry: Entry<R>): void {
    const closing = entry.resource.then(
      (resource) => resource.close(),
      () => {},
    );
    const done = closing.catch(() => {}).finally(() => this.#closing.delete(done));
    this.#closing.add(done);
  }
}
