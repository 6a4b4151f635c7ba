import { type ErrorCode, type FieldProblem, RetortError } from '@retort/contracts/values';

/** What the thread that opened a worker sends it. */
export type ToWorker<Request> = { id: number; request: Request } | 'close';

/** What a worker sends back. The first message is `ready` or `failed`. */
export type FromWorker<Ready, Response> =
  | { ready: Ready }
  | { failed: WireError }
  | { id: number; response: Response }
  | { id: number; error: WireError };

/** An error as structured clone can carry it: a class of ours would arrive as a plain Error without its fields. */
export interface WireError {
  code?: ErrorCode;
  message: string;
  stack?: string;
  problems?: FieldProblem[];
}

export function toWire(error: unknown): WireError {
  if (error instanceof RetortError) return { code: error.code, message: error.message, problems: error.problems };
  return error instanceof Error ? { message: error.message, stack: error.stack } : { message: String(error) };
}

export function fromWire({ code, message, stack, problems }: WireError): Error {
  if (code !== undefined) return new RetortError(code, message, { problems });
  return Object.assign(new Error(message), stack === undefined ? {} : { stack });
}
