import type { Context, Service } from '@retort/platform';
import { fastify } from 'fastify';
import { healthRoutes, serviceChecks } from './health.js';
import { handleProblems } from './problem-handler.js';

/**
 * Lets a worker, which serves nothing else, answer `/healthz`, `/readyz` and `/metrics` on WORKER_PORT; without that
 * variable it answers nowhere.
 *
 * @returns a service that closes `worker` and the server
 */
export async function serveHealth(context: Context, worker: Service): Promise<Service> {
  const { config, metrics, logger } = context;
  if (config.workerPort === undefined) return worker;
  const app = fastify({ logger: false });
  handleProblems(app);
  healthRoutes(app, { checks: serviceChecks(context), metrics: metrics.registry });
  const address = await app.listen({ host: config.host, port: config.workerPort });
  logger.info({ address }, 'health is served');
  return {
    async close() {
      await Promise.all([worker.close(), app.close()]);
    },
  };
}
