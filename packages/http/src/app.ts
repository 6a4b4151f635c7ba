import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { RetortError } from '@retort/contracts';
import type { ApiKeys } from '@retort/platform';
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  fastify,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import type { Registry } from 'prom-client';
import { authenticate, callerKey } from './auth.js';
import { closeGracefully } from './graceful-close.js';
import { type Checks, healthRoutes } from './health.js';
import { readJsonBodies } from './json-body.js';
import { answerClientError, answerOddRequests } from './malformed-http.js';
import { describeApi } from './openapi.js';
import { handleProblems, sendProblem } from './problem-handler.js';
import { measureRequests } from './request-metrics.js';
import { validateRequests } from './validation.js';

/** A Fastify instance whose routes are typed by their TypeBox schemas. */
export type HttpApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export interface HttpAppOptions {
  config: {
    /** Whether routes need a key. */
    auth: boolean;
    /** Requests a minute of one key (or address); 0 lifts the limit. */
    rateLimitPerMinute: number;
    /** Largest JSON body. */
    maxBodyBytes: number;
    /** Whether `X-Forwarded-For` is believed. Default false. */
    trustProxy?: boolean;
  };
  keys: Pick<ApiKeys, 'verify'>;
  /** What `/readyz` asks. */
  checks: Checks;
  metrics: Registry;
  /** A pino logger; left out, nothing is logged. */
  logger?: FastifyBaseLogger;
}

/** Ids from outside are taken only if they can stand in a header and a log line. */
const REQUEST_ID = /^[A-Za-z0-9_.-]{1,64}$/;

/**
 * A connection on which nothing passes for this long is cut off. Event streams send a heartbeat well within it, and no
 * request may work as long in silence: the longest, the inspection of a teacher, is stopped after half of it.
 */
const IDLE_CONNECTION_MS = 120_000;

/**
 * An empty service: problem details for every failure (malformed HTTP included), API keys, rate limit, strict JSON,
 * security headers, request ids, health, metrics, OpenAPI. Services register their routes on it as plugins.
 */
export async function createHttpApp({ config, keys, checks, metrics, logger }: HttpAppOptions): Promise<HttpApp> {
  const app = fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    // One line a request is what a proxy's access log is for; `sendProblem` logs what went wrong.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.maxBodyBytes,
    connectionTimeout: IDLE_CONNECTION_MS,
    trustProxy: config.trustProxy ?? false,
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    // A request without Host is refused below, with a body; Node's own answer has none.
    http: { requireHostHeader: false },
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: sendProblem,
    clientErrorHandler: answerClientError,
  }).withTypeProvider<TypeBoxTypeProvider>();
  answerOddRequests(app.server);
  closeGracefully(app);

  handleProblems(app);
  validateRequests(app);
  readJsonBodies(app);
  measureRequests(app, metrics);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    if (request.raw.httpVersion === '1.1' && request.headers.host === undefined) {
      throw new RetortError('RT_BAD_REQUEST', 'An HTTP/1.1 request must have a Host header.');
    }
  });
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    // Whoever ends TLS in front of the service decides on HSTS.
    hsts: false,
  });
  await app.register(rateLimit, { global: false });
  authenticate(app, { auth: config.auth, keys });
  if (config.rateLimitPerMinute > 0) limitRequests(app, config.rateLimitPerMinute);
  await describeApi(app);
  healthRoutes(app, { checks, metrics });
  return app;
}

/** Counts after authentication, by key, and before the body is read; one count for all routes. */
function limitRequests(app: HttpApp, max: number): void {
  const limit = app.rateLimit({
    max,
    timeWindow: '1 minute',
    keyGenerator: callerKey,
    errorResponseBuilder: (_request, { max: most, ttl }) =>
      new RetortError(
        'RT_RATE_LIMITED',
        `More than ${most} requests in a minute; try again in ${Math.ceil(ttl / 1000)} s.`,
      ),
  });
  app.addHook('onRequest', async function (request, reply) {
    if (request.routeOptions.config.rateLimit !== false) await limit.call(this, request, reply);
  });
}
