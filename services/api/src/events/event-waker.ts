import type { Database } from '@retort/platform';

interface Waiting {
  subject: string;
  after: bigint;
  wake: (news: boolean) => void;
}

/**
 * Tells many waiting readers that their subjects have new events, at the price of one query per tick for all of them and
 * none while nobody waits.
 */
export class EventWaker {
  readonly #database: Pick<Database, 'prisma'>;
  readonly #pollMs: number;
  readonly #waiting = new Set<Waiting>();
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Pick<Database, 'prisma'>, pollMs: number) {
    this.#database = database;
    this.#pollMs = pollMs;
  }

  /** Resolves with true once `subject` has an event after `after`; with false after `timeoutMs` or when the signal aborts. */
  wait(subject: string, after: string, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const done = (news: boolean): void => {
        this.#waiting.delete(waiting);
        clearTimeout(timeout);
        signal.removeEventListener('abort', abort);
        resolve(news);
      };
      const abort = () => done(false);
      const waiting: Waiting = { subject, after: BigInt(after), wake: done };
      const timeout = setTimeout(abort, timeoutMs);
      signal.addEventListener('abort', abort);
      this.#waiting.add(waiting);
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#waiting.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#look()
        // A database that is away is the business of /readyz; the next tick asks again.
        .catch(() => {})
        .finally(() => {
          this.#timer = undefined;
          this.#schedule();
        });
    }, this.#pollMs);
  }

  async #look(): Promise<void> {
    const waiting = [...this.#waiting];
    if (waiting.length === 0) return;
    const subjects = [...new Set(waiting.map(({ subject }) => subject))];
    let oldest = waiting[0].after;
    for (const { after } of waiting) if (after < oldest) oldest = after;
    const rows = await this.#database.prisma.$queryRaw<{ subject: string; latest: bigint }[]>`
      SELECT "subject", max("id") AS latest FROM "Event"
       WHERE "subject" = ANY(${subjects}) AND "id" > ${oldest} GROUP BY "subject"`;
    const latest = new Map(rows.map((row) => [row.subject, row.latest]));
    for (const { subject, after, wake } of waiting) if ((latest.get(subject) ?? 0n) > after) wake(true);
  }
}
