import { RetortError } from '@retort/contracts';

/**
 * Whether another attempt at a job could end differently. False for a {@link RetortError} that blames the input (status
 * below 500) and for a diverged training, which the same seed repeats; true for everything else (a lost connection, a
 * full disk, a bug).
 */
export function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof RetortError) || (error.status >= 500 && error.code !== 'RT_TRAINING_DIVERGED');
}
