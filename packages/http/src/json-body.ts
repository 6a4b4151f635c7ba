import { isUtf8 } from 'node:buffer';
import { RetortError } from '@retort/contracts';
import type { FastifyInstance } from 'fastify';
import { parse } from 'secure-json-parse';

/** No body of ours is nested deeper than a few levels; recursion over a value is safe within this. */
const MAX_DEPTH = 32;

/**
 * Parses a JSON body strictly: UTF-8 only (nothing is replaced), no `__proto__` or `constructor.prototype` keys, no NUL and
 * no lone surrogate in any string, at most 32 levels deep.
 *
 * @throws RetortError `RT_INVALID_TEXT` or `RT_BAD_REQUEST`
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new RetortError('RT_INVALID_TEXT', 'The body is not valid UTF-8.');
  const text = bytes.toString('utf8');
  if (text.trim() === '') throw new RetortError('RT_BAD_REQUEST', 'The body is empty; it must be JSON.');
  const value = parseText(text);
  refuseUnstorable(value);
  return value;
}

function parseText(text: string): unknown {
  try {
    return parse(text, null, { protoAction: 'error', constructorAction: 'error' });
  } catch (error) {
    const message = (error as Error).message.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
    throw new RetortError('RT_BAD_REQUEST', `The body is not valid JSON: ${message}.`, { cause: error });
  }
}

/**
 * Refuses a JSON value with a string (or key) that PostgreSQL cannot store, or with too many levels. Walks level by level,
 * without recursion.
 *
 * @throws RetortError `RT_INVALID_TEXT`, `RT_BAD_REQUEST`
 */
export function refuseUnstorable(root: unknown): void {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH)
      throw new RetortError('RT_BAD_REQUEST', `The JSON is nested more than ${MAX_DEPTH} levels deep.`);
    const below: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'string') refuseUnstorableText(value);
      else if (Array.isArray(value)) for (const item of value) below.push(item);
      else if (typeof value === 'object' && value !== null)
        for (const pair of Object.entries(value)) below.push(...pair);
    }
    level = below;
  }
}

function refuseUnstorableText(text: string): void {
  if (!text.isWellFormed())
    throw new RetortError('RT_INVALID_TEXT', 'A text holds a lone surrogate: it is not Unicode.');
  if (text.includes('\0')) throw new RetortError('RT_INVALID_TEXT', 'A text holds a NUL character.');
}

/** Replaces Fastify's own parsers by {@link parseJsonBody}: JSON is the only body that is read whole. */
export function readJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      const charset = /;\s*charset\s*=\s*"?([^;"\s]*)/i.exec(request.headers['content-type'] ?? '')?.[1];
      if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
        throw new RetortError('RT_UNSUPPORTED_MEDIA_TYPE', 'JSON is UTF-8; send it without another charset.');
      }
      done(null, parseJsonBody(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}
