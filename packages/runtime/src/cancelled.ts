import { RetortError } from '@retort/contracts/values';

/** What a run that its caller aborted ends with. */
export function cancelled(): RetortError {
  return new RetortError('RT_CANCELLED', 'The run was cancelled.');
}
