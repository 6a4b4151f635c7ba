import { ERRORS, RetortError } from '@retort/contracts';

/** Ends a command with a message that a person can act on, and status 1. Unexpected errors keep their stack. */
export function fail(error: unknown): void {
  if (error instanceof RetortError) {
    process.stderr.write(`\nretort: ${error.message}\n        ${ERRORS[error.code].hint} (${error.code})\n`);
  } else {
    process.stderr.write(`\nretort: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
  process.exitCode = 1;
}
