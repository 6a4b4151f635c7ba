import type { FastifyInstance } from 'fastify';
import { Histogram, type Registry } from 'prom-client';

/** Seconds; from a cached answer to a large upload. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300];

/** Measures every request by method, route pattern (never the raw path, which is unbounded) and status. */
export function measureRequests(app: FastifyInstance, metrics: Registry): void {
  const name = 'retort_http_request_duration_seconds';
  const existing = metrics.getSingleMetric(name) as Histogram | undefined;
  const seconds =
    existing ??
    new Histogram({
      name,
      help: 'Time from the request to the last byte of the answer.',
      labelNames: ['method', 'route', 'status'],
      buckets: BUCKETS,
      registers: [metrics],
    });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.is404 ? 'unmatched' : (request.routeOptions.url ?? 'unmatched');
    seconds.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });
}
