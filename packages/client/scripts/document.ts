import { apiPlugin } from '@retort/api';
import { createHttpApp } from '@retort/http';
import { inferencePlugin } from '@retort/inference';
import { type Context, loadConfig } from '@retort/platform';
import { Registry } from 'prom-client';

/** The OpenAPI document of the whole platform: API and inference in one app. */
export async function buildDocument(): Promise<object> {
  const config = loadConfig({});
  const registry = new Registry();
  const app = await createHttpApp({ config, keys: { verify: async () => undefined }, checks: {}, metrics: registry });
  const context = { ...unconnected(), config, metrics: { registry } } as Context;
  await app.register(apiPlugin, { context });
  await app.register(inferencePlugin, { context });
  await app.ready();
  const document = app.swagger();
  await app.close();
  return document;
}

/** Stands where connections would: registering routes keeps them for later but asks nothing of them. */
function unconnected(): Partial<Context> {
  const refuse = (name: string) =>
    new Proxy(
      {},
      {
        get: (_, property) => {
          throw new Error(`The document is made without ${name}, but ${name}.${String(property)} was asked for.`);
        },
      },
    );
  const names = ['database', 'queues', 'artifacts', 'softLabels', 'keys', 'logger'] as const;
  return Object.fromEntries(names.map((name) => [name, refuse(name)]));
}
