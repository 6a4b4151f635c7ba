/**
 * The error table: every failure that a user of Retort can meet has one code here.
 *
 * `status` is the HTTP status it is served with (RFC 9457 problem details), `title` a constant summary, `hint` what the
 * caller can do. The particulars (which field, which limit) go into the `detail` of a {@link RetortError}.
 */
export const ERRORS = {
  RT_BAD_REQUEST: { status: 400, title: 'Bad request', hint: 'Compare the request with /openapi.json.' },
  RT_INVALID_FIELD: { status: 400, title: 'Invalid field', hint: 'Correct the field named in the detail.' },
  RT_INVALID_TEXT: { status: 400, title: 'Invalid text', hint: 'Send non-empty UTF-8 text within the limit.' },
  RT_INVALID_SPEC: { status: 400, title: 'Invalid distillation spec', hint: 'Correct the spec and submit again.' },
  RT_UNAUTHENTICATED: { status: 401, title: 'API key missing or unknown', hint: 'Send `Authorization: Bearer rt_…`.' },
  RT_FORBIDDEN: {
    status: 403,
    title: 'API key lacks the scope',
    hint: 'Use a key with the scope that the detail names.',
  },
  RT_NOT_FOUND: { status: 404, title: 'Not found', hint: 'Check the id or the path.' },
  RT_METHOD_NOT_ALLOWED: { status: 405, title: 'Method not allowed', hint: 'See the Allow header.' },
  RT_REQUEST_TIMEOUT: { status: 408, title: 'Request timed out', hint: 'Send the whole request without long pauses.' },
  RT_CONFLICT: { status: 409, title: 'Conflict with the current state', hint: 'Read the resource and decide again.' },
  RT_TOO_LARGE: { status: 413, title: 'Too large', hint: 'Send less at once; the detail names the limit.' },
  RT_UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'Unsupported media type',
    hint: 'Use a media type that /openapi.json lists.',
  },
  RT_INVALID_DATASET: { status: 422, title: 'Dataset cannot be used', hint: 'Correct the rows that the detail names.' },
  RT_INVALID_TEACHER: {
    status: 422,
    title: 'Teacher cannot be used',
    hint: 'Correct the files that the detail names.',
  },
  RT_INVALID_MODEL: { status: 422, title: 'ONNX model cannot be used', hint: 'The detail names the node or tensor.' },
  RT_UNSUPPORTED_OP: {
    status: 422,
    title: 'Operator not supported',
    hint: 'The detail names the node, its operator and its opset.',
  },
  RT_INVALID_CHECKPOINT: {
    status: 422,
    title: 'Checkpoint cannot be used',
    hint: 'Resume with the options that it was made with, or remove the file, where it is a checkpoint, to start anew.',
  },
  RT_NO_MODEL: {
    status: 409,
    title: 'No model deployed',
    hint: 'Point the alias `champion` of the task at a model version.',
  },
  RT_RATE_LIMITED: { status: 429, title: 'Too many requests', hint: 'Wait for the seconds in Retry-After.' },
  RT_CANCELLED: { status: 409, title: 'Cancelled', hint: 'Submit again if it was not meant to be.' },
  RT_HEADERS_TOO_LARGE: {
    status: 431,
    title: 'Headers too large',
    hint: 'Send a shorter URL and fewer or shorter headers.',
  },
  RT_TRAINING_DIVERGED: { status: 500, title: 'Training diverged', hint: 'Lower the learning rate.' },
  RT_WORKER_LOST: { status: 500, title: 'The worker died', hint: 'Submit again; finished soft labels are kept.' },
  RT_INTERNAL: { status: 500, title: 'Internal error', hint: 'Look for the request id in the server log.' },
  RT_UNAVAILABLE: { status: 503, title: 'Unavailable', hint: 'Try again; /readyz names what is missing.' },
} as const satisfies Record<string, { status: number; title: string; hint: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** A field-level finding, `path` as a JSON pointer (`/training/epochs`). */
export interface FieldProblem {
  path: string;
  message: string;
}

/** The one error class that crosses package boundaries. `detail` must name the field, the limit and what to do. */
export class RetortError extends Error {
  readonly code: ErrorCode;
  readonly problems: FieldProblem[];

  constructor(code: ErrorCode, detail: string, options: { cause?: unknown; problems?: FieldProblem[] } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RetortError';
    this.code = code;
    this.problems = options.problems ?? [];
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

/** RFC 9457 problem details. `type` is a name, not an address: docs/errors.md has the table. */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  hint: string;
  problems?: FieldProblem[];
  requestId?: string;
}

/** A problem quotes what the caller sent, which may be of any size: the answer is not. */
const MAX_DETAIL = 2000;
const MAX_FIELD_TEXT = 200;
const MAX_PROBLEMS = 100;

function clip(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1).toWellFormed()}…`;
}

/** Turns any thrown value into problem details; what is not a {@link RetortError} becomes `RT_INTERNAL` without its message. */
export function toProblem(error: unknown, requestId?: string): ProblemDetails {
  const known =
    error instanceof RetortError
      ? error
      : new RetortError('RT_INTERNAL', 'An unexpected error happened; it was logged.');
  const { status, title, hint } = ERRORS[known.code];
  const problems = known.problems.slice(0, MAX_PROBLEMS).map(({ path, message }) => ({
    path: clip(path, MAX_FIELD_TEXT),
    message: clip(message, MAX_FIELD_TEXT),
  }));
  return {
    type: `urn:retort:error:${known.code}`,
    title,
    status,
    code: known.code,
    detail: clip(known.message, MAX_DETAIL),
    hint,
    ...(problems.length > 0 ? { problems } : {}),
    ...(requestId === undefined ? {} : { requestId }),
  };
}
