import createClient, { type Client } from 'openapi-fetch';
import { type Connection, type FollowOptions, followEvents, type RetortEvent } from './events.js';
import type { components, operations, paths } from './generated/openapi.js';
import { unwrap } from './problem.js';

type Schemas = components['schemas'];

export interface RetortClientOptions {
  /** Where the platform answers, for example `http://127.0.0.1:8080`. */
  baseUrl: string;
  /** `rt_…`; not needed where the server runs without keys. */
  apiKey?: string;
  /** Default: the global `fetch`. */
  fetch?: (input: Request) => Promise<Response>;
}

/** A file of a dataset: text, bytes, a Blob (`await openAsBlob(path)`) or a stream of bytes. */
export type UploadContent = string | Uint8Array | Blob | ReadableStream<Uint8Array>;

export interface TeacherFiles {
  /** Path within the model folder, for example `onnx/model.onnx`. */
  path: string;
  content: Blob;
}

export interface WaitOptions extends FollowOptions {
  onEvent?: (event: RetortEvent) => void;
}

/** Everything that takes more than one typed request. All of it throws RetortProblem where the server refuses. */
export interface RetortHelpers {
  /** Uploads a dataset of any size without holding it. */
  uploadDataset(
    task: string,
    content: UploadContent,
    options: { format: 'jsonl' | 'csv' },
  ): Promise<Schemas['Dataset']>;
  /** Registers a teacher with its files. */
  uploadTeacher(fields: Omit<Schemas['TeacherUpload'], 'files'>, files: TeacherFiles[]): Promise<Schemas['Teacher']>;
  /** Waits until a teacher is `ready` or `failed`, or was `cancelled`. */
  waitForTeacher(id: string, options?: WaitOptions): Promise<Schemas['Teacher']>;
  /** The events of a distillation, live, until it has ended. */
  followDistillation(id: string, options?: FollowOptions): AsyncGenerator<RetortEvent>;
  /** Waits until a distillation has `succeeded`, `failed` or was `cancelled`. */
  waitForDistillation(id: string, options?: WaitOptions): Promise<Schemas['Distillation']>;
  /** Asks the deployed student of a task about one text. */
  infer(task: string, input: string, options?: InferOptions): Promise<Schemas['InferAnswer']>;
  /** The same for several texts, answered in their order. */
  inferAll(task: string, inputs: string[], options?: InferOptions): Promise<Schemas['InferBatchAnswer']>;
}

export type InferOptions = Pick<Schemas['InferRequest'], 'topK' | 'model' | 'alias'>;

/** The generated client (`GET`, `POST`, `PUT`, `DELETE` by path) with {@link RetortHelpers}. */
export type RetortClient = Client<paths> & RetortHelpers;

const MEDIA_TYPES = { jsonl: 'application/x-ndjson', csv: 'text/csv' } as const;

/** A client of the platform at `baseUrl`. */
export function createRetortClient({ baseUrl, apiKey, fetch = globalThis.fetch }: RetortClientOptions): RetortClient {
  const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const client = createClient<paths>({ baseUrl, headers, fetch });
  const connection = (path: string): Connection => ({ url: new URL(path, baseUrl), headers, fetch });
  const follow = (kind: string, id: string, options: FollowOptions = {}) =>
    followEvents(connection(`/v1/${kind}/${encodeURIComponent(id)}/events`), options);

  async function wait(kind: string, id: string, { onEvent, ...options }: WaitOptions = {}): Promise<void> {
    for await (const event of follow(kind, id, options)) onEvent?.(event);
  }

  const helpers: RetortHelpers = {
    async uploadDataset(task, content, { format }) {
      return unwrap(
        await client.POST('/v1/tasks/{task}/datasets', {
          params: { path: { task } },
          body: content as Blob,
          bodySerializer: (body) => body,
          headers: { 'content-type': MEDIA_TYPES[format] },
          // `fetch` wants to be told that it may send before it reads.
          ...(content instanceof ReadableStream ? { duplex: 'half' } : {}),
        }),
      );
    },

    async uploadTeacher({ head, train, ...fields }, files) {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.append(name, value);
      if (head !== undefined) form.append('head', JSON.stringify(head));
      if (train !== undefined) form.append('train', JSON.stringify(train));
      for (const { path, content } of files) form.append('files', content, path);
      return unwrap(await client.POST('/v1/teachers', { body: form as never }));
    },

    async waitForTeacher(teacher, options) {
      await wait('teachers', teacher, options);
      return unwrap(await client.GET('/v1/teachers/{teacher}', { params: { path: { teacher } } }));
    },

    followDistillation: (id, options) => follow('distillations', id, options),

    async waitForDistillation(distillation, options) {
      await wait('distillations', distillation, options);
      return unwrap(await client.GET('/v1/distillations/{distillation}', { params: { path: { distillation } } }));
    },

    async infer(task, input, options) {
      return unwrap(await client.POST('/infer', { body: { task, input, ...options } })) as Schemas['InferAnswer'];
    },

    async inferAll(task, inputs, options) {
      return unwrap(await client.POST('/infer', { body: { task, inputs, ...options } })) as Schemas['InferBatchAnswer'];
    },
  };
  return Object.assign(client, helpers);
}

export type { components, operations, paths };
