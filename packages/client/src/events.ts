import { readEventStream } from './event-stream.js';
import type { components } from './generated/openapi.js';
import { isProblem, RetortProblem, unexpected } from './problem.js';

/** One event of a distillation or a teacher, with the id that `Last-Event-ID` takes. */
export type RetortEvent = components['schemas']['DistillationEvent'] & { id: string };

export interface FollowOptions {
  /** Go on after this event. Default: from the first one. */
  lastEventId?: string;
  signal?: AbortSignal;
}

export interface Connection {
  url: URL;
  headers: Record<string, string>;
  fetch: (input: Request) => Promise<Response>;
}

/** Wait before a lost connection is made again, in milliseconds; it doubles up to 8 s while that fails. */
const RECONNECT_MS = 500;
const MAX_RECONNECT_MS = 8000;

/**
 * The events of one subject until it has ended. A connection that breaks is made again after the last event that came, so
 * none is missed and none comes twice.
 *
 * @throws RetortProblem where the server refuses (an unknown id, a key out of force); the signal's reason after an abort
 */
export async function* followEvents(
  connection: Connection,
  { lastEventId = '0', signal }: FollowOptions,
): AsyncGenerator<RetortEvent> {
  let last = lastEventId;
  let wait = RECONNECT_MS;
  for (;;) {
    let came = false;
    try {
      const response = await connect(connection, last, signal);
      if (response === undefined) return;
      for await (const event of readEventStream(response)) {
        last = event.id;
        came = true;
        wait = RECONNECT_MS;
        yield { ...JSON.parse(event.data), id: event.id };
      }
      // The stream ended: either all is over, which the next connection is told (204), or the server went away.
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof RetortProblem && error.problem.status < 500) throw error;
      came = false;
    }
    // A stream that brought something and was closed in order is asked on at once; anything else would be asked in a loop.
    if (!came) {
      signal?.throwIfAborted();
      await sleep(wait, signal);
      wait = Math.min(2 * wait, MAX_RECONNECT_MS);
    }
  }
}

/** @returns undefined where there is nothing more to come */
async function connect({ url, headers, fetch }: Connection, last: string, signal: AbortSignal | undefined) {
  const request = new Request(url, {
    headers: { ...headers, accept: 'text/event-stream', 'last-event-id': last },
    ...(signal === undefined ? {} : { signal }),
  });
  const response = await fetch(request);
  if (response.status === 204) return undefined;
  if (response.ok && response.body !== null) return response.body;
  const body: unknown = await response.json().catch(() => undefined);
  throw new RetortProblem(isProblem(body) ? body : unexpected(response));
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
