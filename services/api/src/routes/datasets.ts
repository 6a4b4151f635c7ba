import { RetortError } from '@retort/contracts';
import { Dataset, DatasetPage, DatasetParams, PageQuery, TaskParams } from '@retort/contracts/http';
import { type HttpApp, pageOf, uncheckedBody } from '@retort/http';
import { type TSchema, Type } from 'typebox';
import { datasetBody } from '../bodies.js';
import type { ApiContext } from '../context.js';
import { ingest } from '../datasets/ingest.js';
import { saveDataset } from '../datasets/save.js';
import { openUpload, STREAMED_MEDIA_TYPES } from '../datasets/upload.js';
import { after, NEWEST_FIRST, positionOf } from '../newest-first.js';
import { findTask } from './tasks.js';

const tags = ['Datasets'];

const file = (description: string): TSchema => Type.Unsafe<unknown>({ type: 'string', format: 'binary', description });
const UPLOAD = {
  content: {
    'application/x-ndjson': { schema: file('One object a line: `{"text": "…", "label": "…", "split": "train"}`.') },
    'application/jsonl': { schema: file('The same.') },
    'text/csv': {
      schema: file('A header line with `text` and optionally `label` and `split`, then one row a line (RFC 4180).'),
    },
    'multipart/form-data': {
      schema: Type.Object(
        { file: file('The file, by its type or extension JSONL or CSV.') },
        { title: 'DatasetUpload' },
      ),
    },
  },
};

/** `app` must pass multipart forms on as streams. */
export function datasetRoutes(app: HttpApp, { config, database, artifacts }: ApiContext): void {
  app.addContentTypeParser(STREAMED_MEDIA_TYPES, (_request, payload, done) => done(null, payload));

  app.post(
    '/v1/tasks/:task/datasets',
    {
      config: { scope: 'submit' },
      validatorCompiler: uncheckedBody,
      schema: {
        operationId: 'uploadDataset',
        tags,
        summary: 'Upload a dataset of any size',
        description:
          'Streamed and checked row by row. Rows without `label` are for the teacher alone; rows without `split` are divided ' +
          '80/10/10 by their text. Bad rows are left out and reported; the same bytes again answer the same dataset (200).',
        params: TaskParams,
        body: UPLOAD,
        response: { 200: Dataset, 201: Dataset },
      },
    },
    async (request, reply) => {
      const task = await findTask(database, request.params.task);
      const { stream, format } = await openUpload(request);
      const ingested = await ingest(stream, { format, artifacts, labels: task.labels, limits: config });
      const { dataset, created } = await saveDataset(database, task.name, ingested);
      return reply
        .code(created ? 201 : 200)
        .header('location', `/v1/datasets/${dataset.id}`)
        .send(datasetBody(dataset));
    },
  );

  app.get(
    '/v1/tasks/:task/datasets',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'listDatasets',
        tags,
        summary: "List a task's datasets",
        params: TaskParams,
        querystring: PageQuery,
        response: { 200: DatasetPage },
      },
    },
    async ({ params, query: { limit, cursor } }) => {
      const { name: taskName } = await findTask(database, params.task);
      const where = { taskName, ...after(cursor) };
      const rows = await database.prisma.dataset.findMany({ where, orderBy: [...NEWEST_FIRST], take: limit + 1 });
      const { items, nextCursor } = pageOf(rows, limit, positionOf);
      return { items: items.map(datasetBody), nextCursor };
    },
  );

  app.get(
    '/v1/datasets/:dataset',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'getDataset',
        tags,
        summary: 'Get a dataset',
        params: DatasetParams,
        response: { 200: Dataset },
      },
    },
    async ({ params }) => {
      const dataset = await database.prisma.dataset.findUnique({ where: { id: params.dataset } });
      if (dataset === null) throw new RetortError('RT_NOT_FOUND', `There is no dataset "${params.dataset}".`);
      return datasetBody(dataset);
    },
  );
}
