import { RetortError } from '@retort/contracts';
import { PageQuery, Task, TaskInput, TaskPage, TaskParams } from '@retort/contracts/http';
import { decodeCursor, type HttpApp, pageOf } from '@retort/http';
import type { Database, Prisma } from '@retort/platform';
import { taskBody } from '../bodies.js';
import type { ApiContext } from '../context.js';

const tags = ['Tasks'];

export function taskRoutes(app: HttpApp, { database }: ApiContext): void {
  app.put(
    '/v1/tasks/:task',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'putTask',
        tags,
        summary: 'Create a task, or change its description and labels',
        description: 'Labels can be changed only while the task has no dataset: what was learnt is in their terms.',
        params: TaskParams,
        body: TaskInput,
        response: { 200: Task, 201: Task },
      },
    },
    async ({ params, body }, reply) => {
      const { task, created } = await putTask(database, params.task, body);
      return reply.code(created ? 201 : 200).send(taskBody(task));
    },
  );

  app.get(
    '/v1/tasks',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'listTasks',
        tags,
        summary: 'List tasks, by name',
        querystring: PageQuery,
        response: { 200: TaskPage },
      },
    },
    async ({ query: { limit, cursor } }) => {
      const from = cursor === undefined ? {} : { name: { gt: String(decodeCursor(cursor, ['string'])[0]) } };
      const rows = await database.prisma.task.findMany({ where: from, orderBy: { name: 'asc' }, take: limit + 1 });
      return pageOf(rows.map(taskBody), limit, ({ name }) => [name]);
    },
  );

  app.get(
    '/v1/tasks/:task',
    {
      config: { scope: 'submit' },
      schema: { operationId: 'getTask', tags, summary: 'Get a task', params: TaskParams, response: { 200: Task } },
    },
    async ({ params }) => taskBody(await findTask(database, params.task)),
  );
}

/** @throws RetortError `RT_NOT_FOUND` */
export async function findTask(
  { prisma }: Pick<Database, 'prisma'>,
  name: string,
): Promise<Prisma.TaskGetPayload<object>> {
  const task = await prisma.task.findUnique({ where: { name } });
  if (task === null) throw new RetortError('RT_NOT_FOUND', `There is no task "${name}".`);
  return task;
}

async function putTask({ prisma }: Pick<Database, 'prisma'>, name: string, { description, labels }: TaskInput) {
  return prisma.$transaction(async (tx) => {
    const { count } = await tx.task.createMany({ data: { name, labels: [] }, skipDuplicates: true });
    // Uploads take this lock before they count on the labels.
    await tx.$queryRaw`SELECT 1 FROM "Task" WHERE "name" = ${name} FOR NO KEY UPDATE`;
    const current = await tx.task.findUniqueOrThrow({ where: { name } });
    if (
      labels !== undefined &&
      !sameLabels(labels, current.labels) &&
      (await tx.dataset.count({ where: { taskName: name } })) > 0
    ) {
      throw new RetortError(
        'RT_CONFLICT',
        `The labels of "${name}" are fixed since it has datasets; make another task for other labels.`,
      );
    }
    const data = { ...(description === undefined ? {} : { description }), ...(labels === undefined ? {} : { labels }) };
    return { task: await tx.task.update({ where: { name }, data }), created: count === 1 };
  });
}

function sameLabels(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((label, i) => label === b[i]);
}
