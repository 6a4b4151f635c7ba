import { createHttpApp, serviceChecks } from '@retort/http';
import { runService } from '@retort/platform';
import { inferencePlugin } from './index.js';

await runService('inference', async (context) => {
  const { config, keys, metrics, logger } = context;
  const app = await createHttpApp({ config, keys, checks: serviceChecks(context), metrics: metrics.registry, logger });
  await app.register(inferencePlugin, { context });
  const address = await app.listen({ host: config.host, port: config.inferencePort });
  logger.info({ address }, 'inference is served');
  return { close: () => app.close() };
});
