import { extname } from 'node:path';
import { type ModelFile, RetortError } from '@retort/contracts';
import type { ArtifactStore } from '@retort/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';

const MEDIA_TYPES = new Map([
  ['.json', 'application/json; charset=utf-8'],
  ['.md', 'text/markdown; charset=utf-8'],
  ['.txt', 'text/plain; charset=utf-8'],
]);

/**
 * Streams one file of a model. The digest is its ETag, so a client that has it is answered 304; one range of bytes may be
 * asked for, so that a broken download can go on.
 *
 * @throws RetortError `RT_NOT_FOUND` when the store has lost it
 */
export async function sendFile(
  artifacts: Pick<ArtifactStore, 'read'>,
  { path, digest, bytes }: ModelFile,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const etag = `"${digest}"`;
  reply
    .header('etag', etag)
    .header('accept-ranges', 'bytes')
    // The bytes of a model version never change.
    .header('cache-control', 'private, max-age=31536000, immutable');
  if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send();
  const current = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  const range = current ? parseRange(request.headers.range, bytes) : undefined;
  const { start, end } = range ?? { start: 0, end: bytes };
  if (range !== undefined) reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${bytes}`);
  reply.header('content-length', end - start).type(MEDIA_TYPES.get(extname(path)) ?? 'application/octet-stream');
  if (request.method === 'HEAD') return reply.send();
  try {
    return reply.send(await artifacts.read(digest, { start, end }));
  } catch (error) {
    reply
      .removeHeader('content-length')
      .removeHeader('content-range')
      .removeHeader('etag')
      .removeHeader('cache-control');
    if (error instanceof RetortError && error.code === 'RT_NOT_FOUND') {
      throw new RetortError('RT_NOT_FOUND', `The file ${path} is no longer in the artifact store.`, { cause: error });
    }
    throw error;
  }
}

function matches(header: string | undefined, etag: string): boolean {
  const tags = header?.split(',').map((tag) => tag.trim()) ?? [];
  return tags.some((tag) => tag === '*' || tag === etag || tag === `W/${etag}`);
}

/** One satisfiable range as `[start, end)`; undefined for anything else, which a server may answer with the whole. */
function parseRange(header: string | undefined, bytes: number): { start: number; end: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? bytes : Math.min(bytes, Number(last) + 1);
  return start < end ? { start, end } : undefined;
}
