import { ERRORS, type EventData, RetortError } from '@retort/contracts';
import { isWorthRetrying } from '../queues/retry.js';
import type { Logger } from '../telemetry/logger.js';

/** How a failure is kept in `Distillation.error` and `Teacher.error`, and sent as an `error` event. */
export type StoredError = EventData['error'];

/**
 * What the owner of a job is told about `error`. The text of an unexpected error stays in the log, since it may hold
 * paths and addresses; the detail then names `subject`, under which the log has it.
 */
export function toStoredError(error: unknown, subject: string): StoredError {
  if (!(error instanceof RetortError)) {
    const detail = `An unexpected error ended the work on ${subject}; the worker's log has it under that id.`;
    return { code: 'RT_INTERNAL', detail, hint: 'Submit again; if it happens again, look into the log.' };
  }
  const problems = error.problems.map(({ path, message }) => `${path} ${message}`).join('; ');
  const detail = problems === '' || error.message.includes(problems) ? error.message : `${error.message} ${problems}.`;
  return { code: error.code, detail, hint: ERRORS[error.code].hint };
}

/** The stored form of `RT_WORKER_LOST`. */
export function workerLost(detail: string): StoredError {
  return {
    code: 'RT_WORKER_LOST',
    detail,
    hint: 'Give the workers more memory, or less work at once, and submit again; finished soft labels are kept.',
  };
}

/**
 * What the owner is told of a job that the queue gave up without its processor having the last word.
 *
 * @param what `Training`, `Labelling`, …
 * @param reason in the words of BullMQ
 */
export function givenUp(what: string, reason: string | undefined): StoredError {
  if (reason === undefined || reason.includes('stalled'))
    return workerLost(`${what} was given up: its workers died too often.`);
  if (/^child .* failed$/.test(reason)) return workerLost(`${what} cannot begin: some texts could not be labelled.`);
  return workerLost(`${what} was given up after an unexpected error; the worker's log has it.`);
}

/** Logs a failed attempt: a job whose input is to blame is everyday work, anything else is an error with its stack. */
export function logFailure(logger: Pick<Logger, 'info' | 'error'>, error: unknown, message: string): void {
  if (isWorthRetrying(error)) logger.error({ err: error }, message);
  else logger.info({ code: (error as RetortError).code, detail: (error as RetortError).message }, message);
}
