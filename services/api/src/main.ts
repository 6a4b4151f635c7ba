import { createHttpApp, serviceChecks } from '@retort/http';
import { runService } from '@retort/platform';
import { apiPlugin } from './index.js';

await runService('api', async (context) => {
  const { config, keys, metrics, logger } = context;
  const app = await createHttpApp({ config, keys, checks: serviceChecks(context), metrics: metrics.registry, logger });
  await app.register(apiPlugin, { context });
  const address = await app.listen({ host: config.host, port: config.port });
  logger.info({ address, documentation: `${address}/docs` }, 'the API is served');
  return { close: () => app.close() };
});
