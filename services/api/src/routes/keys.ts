import { RetortError } from '@retort/contracts';
import { KeyInput, KeyPage, KeyParams, NewKey, PageQuery } from '@retort/contracts/http';
import { type HttpApp, pageOf } from '@retort/http';
import type { ApiKeyInfo } from '@retort/platform';
import { Type } from 'typebox';
import { keyBody } from '../bodies.js';
import type { ApiContext } from '../context.js';
import { after, NEWEST_FIRST, positionOf } from '../newest-first.js';

const tags = ['Keys'];

export function keyRoutes(app: HttpApp, { database, keys }: ApiContext): void {
  app.post(
    '/v1/keys',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'createKey',
        tags,
        summary: 'Make an API key',
        description: 'The answer is the only place where the key itself ever stands.',
        body: KeyInput,
        response: { 201: NewKey },
      },
    },
    async ({ body }, reply) => {
      const { key, ...info } = await keys.create(body);
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...keyBody(info), key });
    },
  );

  app.get(
    '/v1/keys',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'listKeys',
        tags,
        summary: 'List API keys, revoked ones included',
        querystring: PageQuery,
        response: { 200: KeyPage },
      },
    },
    async ({ query: { limit, cursor } }) => {
      const rows = await database.prisma.apiKey.findMany({
        where: after(cursor),
        orderBy: [...NEWEST_FIRST],
        take: limit + 1,
      });
      const { items, nextCursor } = pageOf(rows, limit, positionOf);
      return { items: items.map((row) => keyBody(row as ApiKeyInfo)), nextCursor };
    },
  );

  app.delete(
    '/v1/keys/:key',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'revokeKey',
        tags,
        summary: 'Revoke an API key',
        description: 'It stops working within a second. The record stays.',
        params: KeyParams,
        response: { 204: Type.Null({ description: 'It is revoked.' }) },
      },
    },
    async ({ params }, reply) => {
      if (!(await keys.revoke(params.key))) {
        throw new RetortError('RT_NOT_FOUND', `There is no API key "${params.key}" in force.`);
      }
      return reply.code(204).send(null);
    },
  );
}
