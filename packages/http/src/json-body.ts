import { isUtf8 } from 'node:buffer';
import { RetortError } from '@retort/contracts';
import type { FastifyInstance } from 'fastify';
import { parse } from 'secure-json-parse';

/** Escapes that may make a string which PostgreSQL cannot store: NUL, or half of a surrogate pair. */
const SUSPICIOUS_ESCAPE = /\\u(?:0000|[dD][89a-fA-F])/;

/**
 * Parses a JSON body strictly: UTF-8 only (nothing is replaced), no `__proto__` or `constructor.prototype` keys, no NUL and
 * no lone surrogate in any string.
 *
 * @throws RetortError `RT_INVALID_TEXT` or `RT_BAD_REQUEST`
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new RetortError('RT_INVALID_TEXT', 'The body is not valid UTF-8.');
  const text = bytes.toString('utf8');
  if (text.trim() === '') throw new RetortError('RT_BAD_REQUEST', 'The body is empty; it must be JSON.');
  const value = parseText(text);
  if (SUSPICIOUS_ESCAPE.test(text)) refuseUnstorable(value);
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

/** Walks without recursion: JSON may be nested as deep as the body is long. */
function refuseUnstorable(root: unknown): void {
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === 'string') {
      if (!value.isWellFormed())
        throw new RetortError('RT_INVALID_TEXT', 'A text holds a lone surrogate: it is not Unicode.');
      if (value.includes('\0')) throw new RetortError('RT_INVALID_TEXT', 'A text holds a NUL character.');
    } else if (Array.isArray(value)) {
      for (const item of value) pending.push(item);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) pending.push(key, item);
    }
  }
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
