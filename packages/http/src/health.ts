import { type FieldProblem, RetortError } from '@retort/contracts';
import type { Context } from '@retort/platform';
import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { Type } from 'typebox';

/** A dependency's name and a question to it that rejects when it does not answer. */
export type Checks = Record<string, () => Promise<void>>;

/** What every service of ours needs. */
export function serviceChecks({
  database,
  queues,
  artifacts,
}: Pick<Context, 'database' | 'queues' | 'artifacts'>): Checks {
  return { database: () => database.ping(), queue: () => queues.ping(), artifacts: () => artifacts.ping() };
}

/** Longest wait for one dependency, in milliseconds. */
const CHECK_TIMEOUT_MS = 2000;

const Live = Type.Object({ status: Type.Literal('ok') }, { title: 'Liveness' });
const Ready = Type.Object(
  { status: Type.Literal('ready'), checks: Type.Record(Type.String(), Type.Literal('ok')) },
  { title: 'Readiness', description: 'Every dependency answered.' },
);

export interface HealthOptions {
  checks: Checks;
  metrics: Registry;
}

/** `/healthz` (the process serves), `/readyz` (its dependencies answer), `/metrics` (Prometheus). None needs a key. */
export function healthRoutes(app: FastifyInstance, { checks, metrics }: HealthOptions): void {
  const open = { config: { scope: 'public', rateLimit: false }, logLevel: 'warn' } as const;

  app.get(
    '/healthz',
    {
      ...open,
      schema: {
        operationId: 'getHealth',
        tags: ['System'],
        summary: 'Is the process alive',
        response: { 200: { description: 'It is.', content: { 'application/json': { schema: Live } } } },
      },
    },
    async () => ({ status: 'ok' }),
  );

  app.get(
    '/readyz',
    {
      ...open,
      schema: {
        operationId: 'getReadiness',
        tags: ['System'],
        summary: 'Can it serve: does every dependency answer',
        description: 'Answers RT_UNAVAILABLE with one problem for each dependency that does not.',
        response: { 200: { description: 'It can.', content: { 'application/json': { schema: Ready } } } },
      },
    },
    async () => {
      const names = Object.keys(checks);
      const results = await Promise.allSettled(names.map((name) => within(CHECK_TIMEOUT_MS, checks[name]!)));
      const problems: FieldProblem[] = [];
      for (const [i, result] of results.entries()) {
        if (result.status === 'rejected') problems.push({ path: `/${names[i]}`, message: 'does not answer' });
      }
      if (problems.length > 0) {
        const missing = problems.map(({ path }) => path.slice(1)).join(', ');
        throw new RetortError('RT_UNAVAILABLE', `Not ready: ${missing}.`, { problems });
      }
      return { status: 'ready', checks: Object.fromEntries(names.map((name) => [name, 'ok'])) };
    },
  );

  app.get(
    '/metrics',
    {
      ...open,
      schema: {
        operationId: 'getMetrics',
        tags: ['System'],
        summary: 'Prometheus metrics',
        produces: ['text/plain'],
        response: { 200: { description: 'Exposition format.', content: { 'text/plain': { schema: Type.String() } } } },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()),
  );
}

async function within(ms: number, check: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    await Promise.race([check(), late]);
  } finally {
    clearTimeout(timer);
  }
}
