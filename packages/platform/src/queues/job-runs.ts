import { JobInterrupted } from './job-interrupted.js';

interface Run {
  /** By `performance.now()`. */
  begun: number;
  controller: AbortController;
  /** Resolves when the run has ended, well or not. */
  ended: Promise<void>;
}

/**
 * The runs of a worker's jobs.
 *
 * A job that stalled (a busy machine cost it its lock) can come back to the very worker that still runs it. BullMQ keeps one abort signal for
 * each job, the newer run's: nothing would ever abort the older one, and the older one's end would stop the renewal of the newer one's lock.
 * Therefore a new run aborts the older one of its job, which ends no sooner than the new one.
 */
export class JobRuns {
  readonly #newest = new Map<string, Run>();
  #closed: JobInterrupted | undefined;

  /** Ids of the jobs that run. */
  ids(): string[] {
    return [...this.#newest.keys()];
  }

  /**
   * Aborts all runs, whatever BullMQ still knows of them, and those that are yet to come: a fetch of BullMQ's that was waiting when the worker
   * began to close still takes a job, perhaps one that an aborted run has just given back.
   */
  close(): void {
    this.#closed = new JobInterrupted('closing');
    for (const { controller } of this.#newest.values()) controller.abort(this.#closed);
  }

  /** Milliseconds for which the newest run of a job has run; undefined where none runs. */
  age(id: string): number | undefined {
    const run = this.#newest.get(id);
    return run && performance.now() - run.begun;
  }

  /** @param signal of the job; `work` gets one that also aborts, with {@link JobInterrupted}, when the job is run anew */
  async run<T>(id: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#newest.get(id)?.controller.abort(new JobInterrupted('lock-lost'));
    this.#newest.set(id, { begun: performance.now(), controller, ended });
    if (this.#closed) controller.abort(this.#closed);
    try {
      return await work(AbortSignal.any([signal, controller.signal]));
    } finally {
      const newest = this.#newest.get(id);
      if (newest?.ended === ended) this.#newest.delete(id);
      else await newest?.ended;
      end();
    }
  }
}
