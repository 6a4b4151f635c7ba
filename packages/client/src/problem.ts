import type { components } from './generated/openapi.js';

export type Problem = components['schemas']['Problem'];

/** A request that the server refused, or could not do: `problem.code` is stable, `problem.problems` names the fields. */
export class RetortProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
    this.name = 'RetortProblem';
    this.problem = problem;
  }
}

/** The data of an answer of the generated client. @throws RetortProblem where it is a failure */
export function unwrap<T>({ data, error, response }: { data?: T; error?: unknown; response: Response }): T {
  if (response.ok) return data as T;
  throw new RetortProblem(isProblem(error) ? error : unexpected(response));
}

/** What a proxy on the way answers is no problem of ours, but the caller should not have to tell them apart. */
export function unexpected({ status, statusText }: Response): Problem {
  return {
    type: 'about:blank',
    title: statusText || 'Failure',
    status,
    code: status >= 500 ? 'RT_UNAVAILABLE' : 'RT_BAD_REQUEST',
    detail: `The answer was ${status} without problem details: is the base URL that of Retort?`,
    hint: 'Try again, or check the base URL.',
  };
}

export function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'detail' in value;
}
