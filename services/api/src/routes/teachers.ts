import { RetortError } from '@retort/contracts';
import {
  EventHeaders,
  PageQuery,
  PredictRequest,
  Teacher,
  TeacherAnswer,
  TeacherBatchAnswer,
  TeacherInput,
  TeacherPage,
  TeacherParams,
  TeacherUpload,
} from '@retort/contracts/http';
import { clientGone, compileCheck, type HttpApp, invalidFields, pageOf, readTexts, uncheckedBody } from '@retort/http';
import { cancelTeacher, type Prisma } from '@retort/platform';
import { Type } from 'typebox';
import { teacherBody } from '../bodies.js';
import type { ApiContext } from '../context.js';
import { EVENT_STREAM, type EventStreams } from '../events/event-streams.js';
import { after, NEWEST_FIRST, positionOf } from '../newest-first.js';
import { refuseEscapingLinks, resolveModelFolder } from '../teachers/local-folder.js';
import type { TeacherPredictor } from '../teachers/predict.js';
import { receiveTeacher } from '../teachers/receive-files.js';
import { planTeacher, registerTeacher } from '../teachers/register.js';
import { UploadFolders } from '../teachers/upload-folders.js';

const tags = ['Teachers'];
const checkInput = compileCheck(TeacherInput);

export interface TeacherParts {
  predictor: TeacherPredictor;
  events: EventStreams;
}

/** `app` must pass multipart forms on as streams. */
export function teacherRoutes(app: HttpApp, context: ApiContext, { predictor, events }: TeacherParts): void {
  const { config, database, logger, queues } = context;
  const uploads = new UploadFolders(config.dataDir);
  app.addHook('onListen', async () => {
    // Nobody waits for it, and what cannot be removed is in nobody's way.
    const count = await uploads.removeStale().catch((error) => logger.warn({ err: error }, 'old uploads stay'));
    if (count) logger.info({ count }, 'removed what uploads that broke off had left');
  });

  app.post(
    '/v1/teachers',
    {
      config: { scope: 'submit' },
      validatorCompiler: uncheckedBody,
      schema: {
        operationId: 'registerTeacher',
        tags,
        summary: 'Register a teacher',
        description:
          'A classifier with labels of its own, or an encoder that learns them: with a `head`, or as a whole with `train` (`training` ' +
          'until then). JSON names a folder on the server; a form brings the files. What the folder holds is checked now.',
        body: {
          content: {
            'application/json': { schema: TeacherInput },
            'multipart/form-data': { schema: TeacherUpload },
          },
        },
        response: { 201: Teacher },
      },
    },
    async (request, reply) => {
      const teacher = request.isMultipart() ? await registerUpload(request) : await registerPath(request.body);
      return reply.code(201).header('location', `/v1/teachers/${teacher.id}`).send(teacherBody(teacher));
    },
  );

  async function registerPath(body: unknown) {
    const problems = checkInput(body);
    if (problems.length > 0) throw invalidFields(problems);
    const { path, ...fields } = body as TeacherInput;
    const plan = await planTeacher(context, fields);
    const folder = await resolveModelFolder(path, config.modelRoots);
    await refuseEscapingLinks(folder, config.modelRoots);
    return registerTeacher(context, plan, folder);
  }

  async function registerUpload(request: Parameters<typeof receiveTeacher>[0]) {
    return uploads.use(async (folder) => {
      const fields = await receiveTeacher(request, folder, config.maxTeacherBytes);
      return registerTeacher(context, await planTeacher(context, fields), folder);
    });
  }

  async function find(id: string): Promise<Prisma.TeacherGetPayload<object>> {
    const teacher = await database.prisma.teacher.findUnique({ where: { id } });
    if (teacher === null) throw new RetortError('RT_NOT_FOUND', `There is no teacher "${id}".`);
    return teacher;
  }

  app.get(
    '/v1/teachers',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'listTeachers',
        tags,
        summary: 'List teachers',
        querystring: PageQuery,
        response: { 200: TeacherPage },
      },
    },
    async ({ query: { limit, cursor } }) => {
      const rows = await database.prisma.teacher.findMany({
        where: after(cursor),
        orderBy: [...NEWEST_FIRST],
        take: limit + 1,
      });
      const { items, nextCursor } = pageOf(rows, limit, positionOf);
      return { items: items.map(teacherBody), nextCursor };
    },
  );

  app.get(
    '/v1/teachers/:teacher',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'getTeacher',
        tags,
        summary: 'Get a teacher',
        params: TeacherParams,
        response: { 200: Teacher },
      },
    },
    async ({ params }) => teacherBody(await find(params.teacher)),
  );

  app.get(
    '/v1/teachers/:teacher/events',
    {
      exposeHeadRoute: false,
      config: { scope: 'submit' },
      schema: {
        operationId: 'streamTeacherEvents',
        tags,
        summary: 'Follow the training of a teacher',
        description:
          'Server-sent events as of a distillation; the stream ends when the teacher is ready, failed or cancelled.',
        params: TeacherParams,
        headers: EventHeaders,
        response: EVENT_STREAM,
      },
    },
    async (request, reply) => {
      const { id } = await find(request.params.teacher);
      return events.answer(request, reply, {
        subject: id,
        isOver: async () => (await find(id)).status !== 'training',
      });
    },
  );

  app.post(
    '/v1/teachers/:teacher/cancel',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'cancelTeacher',
        tags,
        summary: 'Cancel the training of a teacher',
        description: 'At once; a worker that is on it stops within seconds. Asking twice is fine.',
        params: TeacherParams,
        response: { 200: Teacher },
      },
    },
    async ({ params: { teacher } }) => {
      const row = await cancelTeacher(database, teacher);
      // Only tidiness: a worker that finds the row over does nothing.
      await queues
        .remove('teacher', teacher)
        .catch((error) => logger.warn({ err: error }, 'the queue keeps a cancelled job'));
      return teacherBody(row);
    },
  );

  app.post(
    '/v1/teachers/:teacher/predict',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'predictWithTeacher',
        tags,
        summary: 'Ask a teacher',
        description: 'For comparison with its students; the first question opens the model and takes longer.',
        params: TeacherParams,
        body: PredictRequest,
        response: {
          200: Type.Union([TeacherAnswer, TeacherBatchAnswer], {
            description: 'The answer to `input` or to `inputs`.',
          }),
        },
      },
    },
    async (request, reply) => {
      const begun = performance.now();
      const { texts, single } = readTexts(request.body, config);
      const teacher = await find(request.params.teacher);
      const { topK } = request.body;
      const outputs = await predictor.classify(teacher, texts, {
        ...(topK === undefined ? {} : { topK }),
        signal: clientGone(reply),
      });
      const latencyMs = performance.now() - begun;
      return single ? { ...outputs[0], latencyMs } : { outputs, latencyMs };
    },
  );
}
