import multipart from '@fastify/multipart';
import type { HttpApp } from '@retort/http';
import type { ApiContext } from './context.js';
import { datasetRoutes } from './routes/datasets.js';
import { taskRoutes } from './routes/tasks.js';

export interface ApiPluginOptions {
  context: ApiContext;
}

/** Registers `/v1/…` on an app of `createHttpApp`: tasks, datasets, teachers, distillations, models, aliases, keys. */
export async function apiPlugin(app: HttpApp, { context }: ApiPluginOptions): Promise<void> {
  taskRoutes(app, context);
  // Files are counted as they stream, against limits that depend on what they are.
  await app.register(multipart, {
    preservePath: true,
    limits: { fileSize: Number.POSITIVE_INFINITY, fieldSize: 65_536, fields: 20 },
  });
  datasetRoutes(app, context);
}
