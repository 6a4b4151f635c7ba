import {
  Distillation,
  DistillationInput,
  DistillationPage,
  DistillationParams,
  DistillationQuery,
  EventHeaders,
  SubmitHeaders,
  TrialList,
} from '@retort/contracts/http';
import { type HttpApp, pageOf, uncheckedBody } from '@retort/http';
import { isOver, requestCancel } from '@retort/platform';
import { distillationBody, trialBody } from '../bodies.js';
import type { ApiContext } from '../context.js';
import { findDistillation, submit } from '../distillations/submit.js';
import { WITH_RELATED } from '../distillations/with-related.js';
import { EVENT_STREAM, type EventStreams } from '../events/event-streams.js';
import { after, NEWEST_FIRST, positionOf } from '../newest-first.js';

const tags = ['Distillations'];

/** Room for the label maps of several teachers. The check of a submission finds every problem, so its size is bounded. */
const MAX_SUBMISSION_BYTES = 262_144;

export function distillationRoutes(app: HttpApp, context: ApiContext, { events }: { events: EventStreams }): void {
  const { database } = context;

  app.post(
    '/v1/distillations',
    {
      config: { scope: 'submit' },
      bodyLimit: MAX_SUBMISSION_BYTES,
      validatorCompiler: uncheckedBody,
      schema: {
        operationId: 'submitDistillation',
        tags,
        summary: 'Submit a distillation',
        description:
          'The whole of it is checked first: RT_INVALID_SPEC lists every problem with its JSON pointer. Whatever of `spec` is ' +
          'left out has a default.',
        headers: SubmitHeaders,
        body: DistillationInput,
        response: { 200: Distillation, 201: Distillation },
      },
    },
    async (request, reply) => {
      const { distillation, created } = await submit(context, {
        body: request.body,
        idempotencyKey: request.headers['idempotency-key'],
        callerId: request.caller.id,
      });
      return reply
        .code(created ? 201 : 200)
        .header('location', `/v1/distillations/${distillation.id}`)
        .send(distillationBody(distillation));
    },
  );

  app.get(
    '/v1/distillations',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'listDistillations',
        tags,
        summary: 'List distillations',
        querystring: DistillationQuery,
        response: { 200: DistillationPage },
      },
    },
    async ({ query: { limit, cursor, task, status } }) => {
      const rows = await database.prisma.distillation.findMany({
        where: {
          ...(task === undefined
            ? {}
            : { AND: { OR: [{ taskName: task }, { furtherTasks: { some: { taskName: task } } }] } }),
          ...(status === undefined ? {} : { status }),
          ...after(cursor),
        },
        orderBy: [...NEWEST_FIRST],
        take: limit + 1,
        include: WITH_RELATED,
      });
      const { items, nextCursor } = pageOf(rows, limit, positionOf);
      return { items: items.map(distillationBody), nextCursor };
    },
  );

  app.get(
    '/v1/distillations/:distillation',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'getDistillation',
        tags,
        summary: 'Get a distillation: status, stage, progress, metrics, error',
        params: DistillationParams,
        response: { 200: Distillation },
      },
    },
    async ({ params }) => distillationBody(await findDistillation(context, params.distillation)),
  );

  app.get(
    '/v1/distillations/:distillation/trials',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'listTrials',
        tags,
        summary: 'List the trials of a distillation whose spec is searched',
        description: 'By round and candidate. Those of a later round are added when the round before is done.',
        params: DistillationParams,
        response: { 200: TrialList },
      },
    },
    async ({ params }) => {
      const { id } = await findDistillation(context, params.distillation);
      const rows = await database.prisma.trial.findMany({
        where: { distillationId: id },
        orderBy: [{ rung: 'asc' }, { index: 'asc' }],
      });
      return { items: rows.map(trialBody) };
    },
  );

  app.get(
    '/v1/distillations/:distillation/events',
    {
      exposeHeadRoute: false,
      config: { scope: 'submit' },
      schema: {
        operationId: 'streamDistillationEvents',
        tags,
        summary: 'Follow a distillation',
        description:
          'Server-sent events from the first one, or after `Last-Event-ID`. The stream ends when the job has ended.',
        params: DistillationParams,
        headers: EventHeaders,
        response: EVENT_STREAM,
      },
    },
    async (request, reply) => {
      const { id } = await findDistillation(context, request.params.distillation);
      return events.answer(request, reply, {
        subject: id,
        isOver: async () => isOver((await findDistillation(context, id)).status),
      });
    },
  );

  app.post(
    '/v1/distillations/:distillation/cancel',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'cancelDistillation',
        tags,
        summary: 'Cancel a distillation',
        description:
          'At once where it waits; within seconds where it runs (`cancelRequested` until then). Asking twice is fine.',
        params: DistillationParams,
        response: { 200: Distillation },
      },
    },
    async ({ params }) => {
      const { id } = await requestCancel(
        { ...context, onQueueError: (error) => context.logger.warn({ err: error }, 'the queue keeps a cancelled job') },
        params.distillation,
      );
      return distillationBody(await findDistillation(context, id));
    },
  );
}
