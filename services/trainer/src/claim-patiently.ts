import { setTimeout as sleep } from 'node:timers/promises';

/** Between two questions, in milliseconds. */
const PAUSE_MS = 1_000;

/**
 * Claims, asking again while another worker shows signs of life on the same work: the queue may deliver a job twice, and
 * if the other dies, this delivery is the one that goes on. Ends when the work is claimed or over.
 *
 * @throws the signal's reason when it aborts first
 */
export async function claimPatiently<Outcome extends { kind: string }>(
  claim: () => Promise<Outcome>,
  signal: AbortSignal,
): Promise<Exclude<Outcome, { kind: 'busy' }>> {
  for (;;) {
    signal.throwIfAborted();
    const outcome = await claim();
    if (outcome.kind !== 'busy') return outcome as Exclude<Outcome, { kind: 'busy' }>;
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}
