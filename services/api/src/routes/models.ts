import { RetortError } from '@retort/contracts';
import { Model, ModelFileParams, ModelPage, ModelParams, PageQuery, TaskParams } from '@retort/contracts/http';
import { decodeCursor, type HttpApp, pageOf } from '@retort/http';
import { getModel, listModels } from '@retort/registry';
import { Type } from 'typebox';
import { modelBody } from '../bodies.js';
import type { ApiContext } from '../context.js';
import { sendFile } from '../models/send-file.js';
import { findTask } from './tasks.js';

const tags = ['Models'];

export function modelRoutes(app: HttpApp, { database, artifacts }: ApiContext): void {
  app.get(
    '/v1/tasks/:task/models',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'listModels',
        tags,
        summary: "List a task's model versions, latest first",
        params: TaskParams,
        querystring: PageQuery,
        response: { 200: ModelPage },
      },
    },
    async ({ params, query: { limit, cursor } }) => {
      const { name } = await findTask(database, params.task);
      const before = cursor === undefined ? {} : { beforeVersion: versionOf(cursor) };
      const models = await listModels(database.prisma, name, { limit: limit + 1, ...before });
      return pageOf(models.map(modelBody), limit, ({ version }) => [version]);
    },
  );

  app.get(
    '/v1/models/:model',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'getModel',
        tags,
        summary: 'Get a model version with lineage, measures and files',
        params: ModelParams,
        response: { 200: Model },
      },
    },
    async ({ params }) => modelBody(await getModel(database.prisma, params.model)),
  );

  app.get(
    '/v1/models/:model/files/*',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'getModelFile',
        tags,
        summary: 'Download a file of a model version',
        description: 'The files make up a Hugging Face folder. `Range` and `If-None-Match` are understood.',
        params: ModelFileParams,
        response: {
          200: {
            description: 'The file.',
            content: {
              'application/octet-stream': { schema: Type.Unsafe<unknown>({ type: 'string', format: 'binary' }) },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const { model, '*': path } = request.params;
      const { files } = await getModel(database.prisma, model);
      const file = files.find((each) => each.path === path);
      if (file === undefined)
        throw new RetortError('RT_NOT_FOUND', `The model version "${model}" has no file "${path}".`);
      return sendFile(artifacts, file, request, reply);
    },
  );
}

/** Versions are PostgreSQL integers. */
function versionOf(cursor: string): number {
  return Math.min(Math.max(Number(decodeCursor(cursor, ['number'])[0]), 0), 2 ** 31 - 1);
}
