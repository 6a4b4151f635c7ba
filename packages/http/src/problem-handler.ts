import { RetortError, toProblem } from '@retort/contracts';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** Errors of the database driver and of Prisma that say "not reachable now" rather than "wrong". */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EPIPE',
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  'P2028', // no transaction could be begun, or kept, in time
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '53300', // too_many_connections
]);

/** What `pg` says, without a code, when no connection came free or could be made in time. */
const NO_CONNECTION = new Set([
  'timeout exceeded when trying to connect',
  'Connection terminated due to connection timeout',
  'timeout expired',
]);

/**
 * The {@link RetortError} that stands for anything a handler, a hook or Fastify itself threw.
 *
 * What cannot be blamed on the request and is not a known outage comes back as `RT_INTERNAL` with the original as its cause.
 */
export function asRetortError(error: unknown): RetortError {
  if (error instanceof RetortError) return error;
  const { code, statusCode, message } = error as Partial<FastifyError>;
  if (isAborted(error)) {
    return new RetortError('RT_BAD_REQUEST', 'The connection was closed before the whole body had come.', {
      cause: error,
    });
  }
  if (isUnreachable(error)) {
    return new RetortError('RT_UNAVAILABLE', 'A service that this one depends on does not answer.', { cause: error });
  }
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) {
    return new RetortError('RT_INTERNAL', 'An unexpected error happened; it was logged.', { cause: error });
  }
  const detail = message === undefined || message === '' ? 'The request cannot be read.' : sentence(message);
  switch (statusCode) {
    case 404:
      return new RetortError('RT_NOT_FOUND', detail, { cause: error });
    case 413:
      return new RetortError('RT_TOO_LARGE', detail, { cause: error });
    case 415:
      return new RetortError('RT_UNSUPPORTED_MEDIA_TYPE', detail, { cause: error });
    case 429:
      return new RetortError('RT_RATE_LIMITED', detail, { cause: error });
    default:
      return new RetortError('RT_BAD_REQUEST', code === 'FST_ERR_BAD_URL' ? BAD_URL : detail, { cause: error });
  }
}

const BAD_URL = 'The path of the URL cannot be decoded: check its percent-encoding.';

function isUnreachable(error: unknown): boolean {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code } = at as { code?: unknown };
    if (UNREACHABLE.has(String(code)) || (code === undefined && NO_CONNECTION.has(at.message))) return true;
  }
  return false;
}

/** Node's error for a request body whose connection broke; its code alone looks like a database that went away. */
function isAborted(error: unknown): boolean {
  return (
    error instanceof Error && error.message === 'aborted' && (error as NodeJS.ErrnoException).code === 'ECONNRESET'
  );
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** Sends any error as RFC 9457 problem details; what is our own fault is logged with its cause. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const known = asRetortError(error);
  if (known.status >= 500) request.log.error({ err: known.cause ?? known, code: known.code }, 'request failed');
  else request.log.debug({ code: known.code, detail: known.message }, 'request refused');
  if (reply.sent || reply.raw.headersSent) {
    // A stream broke after its first byte: nothing can be told any more but by cutting it.
    reply.raw.destroy();
    return;
  }
  if (known.status === 503) reply.header('retry-after', '1');
  reply
    .code(known.status)
    .type(PROBLEM_MEDIA_TYPE)
    .send(JSON.stringify(toProblem(known, request.id)));
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * Makes every failure of `app` a problem: thrown errors, unknown paths (404) and known paths asked with another method
 * (405 with `Allow`).
 */
export function handleProblems(app: FastifyInstance): void {
  const routes: { pattern: RegExp; method: string }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    for (const each of [method].flat()) routes.push({ pattern: pathPattern(url), method: each });
  });
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '/';
    const allowed = METHODS.filter((method) =>
      routes.some((route) => route.method === method && route.pattern.test(path)),
    );
    if (allowed.length === 0) {
      throw new RetortError('RT_NOT_FOUND', `There is nothing at ${request.method} ${path.slice(0, 200)}.`);
    }
    reply.header('allow', allowed.join(', '));
    throw new RetortError(
      'RT_METHOD_NOT_ALLOWED',
      `${path.slice(0, 200)} takes ${allowed.join(', ')}, not ${request.method}.`,
    );
  });
}

/** `/v1/tasks/:task` → an expression for the raw paths it answers. */
function pathPattern(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) => (part === '*' ? '.*' : part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/');
  return new RegExp(`^${source}$`);
}
