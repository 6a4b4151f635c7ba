import {
  Alias,
  AliasChangePage,
  AliasInput,
  AliasList,
  AliasParams,
  PageQuery,
  TaskParams,
} from '@retort/contracts/http';
import { decodeCursor, type HttpApp, pageOf } from '@retort/http';
import { aliasHistory, listAliases, setAlias } from '@retort/registry';
import { aliasBody, aliasChangeBody } from '../bodies.js';
import type { ApiContext } from '../context.js';
import { findTask } from './tasks.js';

const tags = ['Aliases'];

export function aliasRoutes(app: HttpApp, { database }: ApiContext): void {
  app.put(
    '/v1/tasks/:task/aliases/:alias',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'putAlias',
        tags,
        summary: 'Deploy: point an alias at a model version',
        description:
          'Inference answers with it within a second, without dropping a request. With `expectedModel` two people cannot undo ' +
          "each other's change unknowingly.",
        params: AliasParams,
        body: AliasInput,
        response: { 200: Alias },
      },
    },
    async ({ params, body, caller }) => {
      const { name: taskName } = await findTask(database, params.task);
      const { model: modelId, expectedModel } = body;
      const target = await setAlias(database, {
        taskName,
        alias: params.alias,
        modelId,
        ...(expectedModel === undefined ? {} : { expectedModelId: expectedModel }),
        changedBy: caller.name,
      });
      return aliasBody(target);
    },
  );

  app.get(
    '/v1/tasks/:task/aliases',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'listAliases',
        tags,
        summary: "List a task's aliases, by name",
        params: TaskParams,
        response: { 200: AliasList },
      },
    },
    async ({ params }) => {
      const { name } = await findTask(database, params.task);
      return { items: (await listAliases(database.prisma, name)).map(aliasBody) };
    },
  );

  app.get(
    '/v1/tasks/:task/aliases/:alias/history',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'getAliasHistory',
        tags,
        summary: 'Who served under an alias, and since when; latest first',
        params: AliasParams,
        querystring: PageQuery,
        response: { 200: AliasChangePage },
      },
    },
    async ({ params: { task, alias }, query: { limit, cursor } }) => {
      const { name } = await findTask(database, task);
      const before = cursor === undefined ? {} : { beforeId: BigInt(Number(decodeCursor(cursor, ['number'])[0])) };
      const entries = await aliasHistory(database.prisma, name, alias, { limit: limit + 1, ...before });
      return pageOf(entries.map(aliasChangeBody), limit, ({ id }) => [Number(id)]);
    },
  );
}
