import { setMaxListeners } from 'node:events';
import type { FastifyReply } from 'fastify';

/**
 * Aborts when the client goes away before it has its answer. (Fastify's `request.signal` follows the request's `close`, which
 * also comes when the body was simply read to its end.)
 */
export function clientGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  // Every text of a large request listens: that is no leak.
  setMaxListeners(0, gone.signal);
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}
