import multipart from '@fastify/multipart';
import type { HttpApp } from '@retort/http';
import type { ApiContext } from './context.js';
import { EventStreams } from './events/event-streams.js';
import { aliasRoutes } from './routes/aliases.js';
import { datasetRoutes } from './routes/datasets.js';
import { distillationRoutes } from './routes/distillations.js';
import { keyRoutes } from './routes/keys.js';
import { modelRoutes } from './routes/models.js';
import { taskRoutes } from './routes/tasks.js';
import { teacherRoutes } from './routes/teachers.js';
import { TeacherPredictor } from './teachers/predict.js';

export interface ApiPluginOptions {
  context: ApiContext;
}

/** Registers `/v1/…` on an app of `createHttpApp`: tasks, datasets, teachers, distillations, models, aliases, keys. */
export async function apiPlugin(app: HttpApp, { context }: ApiPluginOptions): Promise<void> {
  const events = new EventStreams(context.database);
  const predictor = new TeacherPredictor(context);
  app.addHook('preClose', async () => events.close());
  app.addHook('onClose', () => predictor.close());

  taskRoutes(app, context);
  distillationRoutes(app, context, { events });
  modelRoutes(app, context);
  aliasRoutes(app, context);
  keyRoutes(app, context);
  // Only these two take files, which are counted as they stream, against limits that depend on what they are.
  await app.register(async (uploads) => {
    await uploads.register(multipart, {
      preservePath: true,
      limits: { fileSize: Number.POSITIVE_INFINITY, fieldSize: 65_536, fields: 20 },
    });
    datasetRoutes(uploads, context);
    teacherRoutes(uploads, context, { predictor, events });
  });
}
