import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { RetortError } from '@retort/contracts';
import type { FastifyRequest } from 'fastify';
import { blameForm, formError } from '../form.js';
import type { DatasetFormat } from './ingest.js';

const FORMATS = new Map<string, DatasetFormat>([
  ['application/x-ndjson', 'jsonl'],
  ['application/jsonl', 'jsonl'],
  ['text/csv', 'csv'],
  ['.jsonl', 'jsonl'],
  ['.ndjson', 'jsonl'],
  ['.csv', 'csv'],
]);

/** Media types whose bodies are passed on as streams. */
export const STREAMED_MEDIA_TYPES = [...FORMATS.keys()].filter((name) => name.includes('/'));

export interface DatasetUpload {
  stream: AsyncIterable<Uint8Array>;
  format: DatasetFormat;
}

/**
 * The file of an upload request: its body, or the first file of a multipart form.
 *
 * @throws RetortError `RT_UNSUPPORTED_MEDIA_TYPE`, or `RT_INVALID_FIELD` for a form without a file
 */
export async function openUpload(request: FastifyRequest): Promise<DatasetUpload> {
  if (request.isMultipart()) return openPart(request);
  const header = request.headers['content-type'] ?? '';
  const charset = /;\s*charset\s*=\s*"?([^;"\s]*)/i.exec(header)?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) {
    throw new RetortError(
      'RT_UNSUPPORTED_MEDIA_TYPE',
      'Datasets are UTF-8; convert the file and send it without another charset.',
    );
  }
  const format = FORMATS.get(header.split(';', 1)[0]!.trim().toLowerCase());
  if (format === undefined) throw unknownFormat();
  return { stream: request.body as Readable, format };
}

async function openPart(request: FastifyRequest): Promise<DatasetUpload> {
  const part = await request.file().catch((error: unknown) => {
    throw formError(error);
  });
  if (part === undefined) {
    throw new RetortError('RT_INVALID_FIELD', 'The form has no file.', {
      problems: [{ path: '/file', message: 'is required' }],
    });
  }
  const format = FORMATS.get(part.mimetype) ?? FORMATS.get(extname(part.filename).toLowerCase());
  if (format === undefined) {
    part.file.resume();
    throw unknownFormat();
  }
  return { stream: blameForm<Uint8Array>(part.file), format };
}

function unknownFormat(): RetortError {
  return new RetortError(
    'RT_UNSUPPORTED_MEDIA_TYPE',
    'A dataset is application/x-ndjson, application/jsonl or text/csv; the file of a form may say so by .jsonl, .ndjson or .csv.',
  );
}
