import { RetortError } from '@retort/contracts';
import type { FastifyError } from 'fastify';

/**
 * Passes on what a multipart parser yields, and blames its failures on the form: the parser says only in words that the
 * bytes make no sense. Errors of the consumer do not come through here.
 */
export async function* blameForm<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    for await (const item of source) yield item;
  } catch (error) {
    throw formError(error);
  }
}

/** The error of a multipart parser as `RT_BAD_REQUEST`; one that says by itself what it is stays as it is. */
export function formError(error: unknown): unknown {
  const { statusCode, code, message } = error as Partial<FastifyError>;
  if (error instanceof RetortError || statusCode !== undefined || code !== undefined) return error;
  const words = String(message)
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 200);
  return new RetortError('RT_BAD_REQUEST', `The multipart form cannot be read: ${words}.`, { cause: error });
}
