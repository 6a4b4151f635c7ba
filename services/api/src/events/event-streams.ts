import { Readable } from 'node:stream';
import type { RetortEvent } from '@retort/contracts';
import { DistillationEvent } from '@retort/contracts/http';
import { type Database, readEvents } from '@retort/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { EventWaker } from './event-waker.js';

/** The documented answers of an operation that streams events. */
export const EVENT_STREAM = {
  200: {
    description:
      'Server-sent events: `id:` is what `Last-Event-ID` takes, `event:` is the type (`failure` for `error`, which browsers ' +
      'use for themselves), `data:` a DistillationEvent. Comments keep the connection alive.',
    content: { 'text/event-stream': { schema: DistillationEvent } },
  },
  204: Type.Null({ description: 'It is over and all its events were received: do not connect again.' }),
};

/** Statuses after which a subject has no further event. */
const LAST_STATUSES: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled', 'ready']);

export interface EventSubject {
  subject: string;
  /** Whether it will have no further event, as its row says. */
  isOver(): Promise<boolean>;
}

export interface EventStreamOptions {
  /** Between two looks for new events, in milliseconds. Default 250. */
  pollMs?: number;
  /** Between two comments on an idle stream, in milliseconds. Default 15 000. */
  heartbeatMs?: number;
}

/** Streams the events of distillations and teachers to any number of readers. */
export class EventStreams {
  readonly #database: Pick<Database, 'prisma'>;
  readonly #waker: EventWaker;
  readonly #heartbeatMs: number;
  readonly #open = new Set<AbortController>();

  constructor(database: Pick<Database, 'prisma'>, { pollMs = 250, heartbeatMs = 15_000 }: EventStreamOptions = {}) {
    this.#database = database;
    this.#waker = new EventWaker(database, pollMs);
    this.#heartbeatMs = heartbeatMs;
  }

  /** Answers with the events after the request's `Last-Event-ID`, those to come included; 204 where none can come. */
  async answer(request: FastifyRequest, reply: FastifyReply, subject: EventSubject): Promise<FastifyReply> {
    const after = String(request.headers['last-event-id'] ?? '0');
    const over = await subject.isOver();
    const first = await readEvents(this.#database.prisma, subject.subject, after);
    if (over && first.length === 0) return reply.code(204).send();
    const ended = new AbortController();
    this.#open.add(ended);
    const stream = Readable.from(this.#lines(subject, after, first, ended.signal));
    stream.on('close', () => {
      ended.abort();
      this.#open.delete(ended);
    });
    return reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      .header('cache-control', 'no-cache, no-transform')
      .header('x-accel-buffering', 'no')
      .send(stream);
  }

  /** Ends all streams; readers connect again elsewhere and go on after the last event they got. */
  close(): void {
    for (const ended of this.#open) ended.abort();
  }

  async *#lines({ subject, isOver }: EventSubject, after: string, first: RetortEvent[], signal: AbortSignal) {
    yield 'retry: 1000\n\n';
    let last = after;
    let events = first;
    for (;;) {
      for (const event of events) {
        yield format(event);
        last = event.id;
        if (isLast(event)) return;
      }
      if (events.length === 0) {
        const news = await this.#waker.wait(subject, last, this.#heartbeatMs, signal);
        if (signal.aborted) return;
        if (!news) yield ': still here\n\n';
      }
      const over = events.length === 0 && (await isOver());
      events = await readEvents(this.#database.prisma, subject, last);
      if (over && events.length === 0) return;
    }
  }
}

function isLast({ type, data }: RetortEvent): boolean {
  return type === 'status' && 'status' in data && LAST_STATUSES.has(String(data.status));
}

function format({ id, type, at, data }: RetortEvent): string {
  // JSON has no line breaks of its own, so one `data:` line holds it.
  return `id: ${id}\nevent: ${type === 'error' ? 'failure' : type}\ndata: ${JSON.stringify({ type, at, data })}\n\n`;
}
