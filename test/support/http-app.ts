import { type ApiContext, apiPlugin } from '@retort/api';
import type { Scope } from '@retort/contracts';
import { createHttpApp, type HttpApp, serviceChecks } from '@retort/http';
import { inferencePlugin } from '@retort/inference';
import type { Context } from '@retort/platform';
import type { InjectOptions } from 'fastify';
import { type QueueBackendName, testContext } from './servers.js';

export interface TestApp {
  app: HttpApp;
  context: Context & { env: Record<string, string> };
  /** A key of each scope. */
  keys: Record<Scope, string>;
  /** Asks with the admin key, or with the one given; a plain object as `payload` is sent as JSON. */
  ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, options?: AskOptions): Promise<Answer>;
  close(): Promise<void>;
}

interface AskOptions {
  payload?: InjectOptions['payload'];
  headers?: Record<string, string>;
  key?: string;
}

interface Answer {
  status: number;
  headers: Record<string, string | undefined>;
  text: string;
  // The tests look into bodies of every shape.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  body: any;
}

/** API and inference in one app, as `retort up` runs them, on a database and a data folder of their own. */
export async function testApp(
  backend: QueueBackendName = 'postgres',
  variables: Record<string, string> = {},
): Promise<TestApp> {
  const context = await testContext(backend, { LOG_LEVEL: process.env.TEST_LOG ?? 'silent', ...variables });
  const app = await createHttpApp({
    config: context.config,
    keys: context.keys,
    checks: serviceChecks(context),
    metrics: context.metrics.registry,
    logger: context.logger,
  });
  await app.register(apiPlugin, { context: context satisfies ApiContext });
  await app.register(inferencePlugin, { context });
  await app.ready();
  const make = async (scope: Scope) => (await context.keys.create({ name: `test-${scope}`, scopes: [scope] })).key;
  const keys = { admin: await make('admin'), submit: await make('submit'), infer: await make('infer') };
  return {
    app,
    context,
    keys,
    async ask(method, url, { payload, headers = {}, key = keys.admin } = {}) {
      const answer = await app.inject({
        method,
        url,
        headers: { authorization: `Bearer ${key}`, ...headers },
        ...(payload === undefined ? {} : { payload }),
      });
      const type = String(answer.headers['content-type'] ?? '');
      return {
        status: answer.statusCode,
        headers: answer.headers as Record<string, string | undefined>,
        text: answer.body,
        body: type.includes('json') && answer.statusCode !== 206 ? JSON.parse(answer.body) : undefined,
      };
    },
    async close() {
      await app.close();
      await context.close();
    },
  };
}
