import { RetortError, type Scope } from '@retort/contracts';
import { type ApiKeyInfo, type ApiKeys, hasScope } from '@retort/platform';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Who asks: the part of an API key that handlers may see. */
export interface Caller {
  id: string;
  name: string;
  scopes: readonly Scope[];
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route whose scope is not `public`. */
    caller: Caller;
  }
  interface FastifyContextConfig {
    /** What a caller must be allowed to. A route that says nothing needs `admin`. */
    scope?: Scope | 'public';
  }
}

/** With keys switched off. */
const EVERYONE: Caller = { id: 'anonymous', name: 'anonymous', scopes: ['admin'] };

/** Failed attempts of one address in a minute before they cost it 429. */
const FAILURES_PER_MINUTE = 600;

export interface AuthOptions {
  /** Whether routes need a key at all; false makes every caller an admin. */
  auth: boolean;
  keys: Pick<ApiKeys, 'verify'>;
}

/**
 * Checks the `Authorization: Bearer rt_…` of every request against the scope of its route, before the body is read.
 *
 * Needs `@fastify/rate-limit` on `app` already.
 */
export function authenticate(app: FastifyInstance, { auth, keys }: AuthOptions): void {
  app.decorateRequest('caller');
  const failures = app.createRateLimit({
    max: FAILURES_PER_MINUTE,
    timeWindow: '1 minute',
    keyGenerator: ({ ip }) => ip,
  });
  app.addHook('onRequest', async (request) => {
    if (request.is404) return;
    const scope = request.routeOptions.config.scope ?? 'admin';
    if (scope === 'public') return;
    if (!auth) {
      request.caller = EVERYONE;
      return;
    }
    const key = await verify(request, keys);
    if (key === undefined) {
      const state = await failures(request);
      if (!state.isAllowed && state.isExceeded)
        throw new RetortError('RT_RATE_LIMITED', 'Too many requests without a valid key.');
      throw new RetortError('RT_UNAUTHENTICATED', 'The request has no API key that is in force.');
    }
    if (!hasScope(key.scopes, scope)) {
      throw new RetortError('RT_FORBIDDEN', `This needs the scope "${scope}"; the key has ${key.scopes.join(', ')}.`);
    }
    request.caller = key;
  });
}

async function verify(request: FastifyRequest, keys: Pick<ApiKeys, 'verify'>): Promise<ApiKeyInfo | undefined> {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return token === undefined ? undefined : keys.verify(token);
}

/** What a rate limit counts by: the key where there is one, else the address. */
export function callerKey(request: FastifyRequest): string {
  const caller: Caller | undefined = request.caller;
  return caller === undefined || caller === EVERYONE ? request.ip : caller.id;
}
