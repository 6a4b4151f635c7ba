/** What was seen of one epoch. */
export interface EpochRecord {
  /** 1-based. */
  epoch: number;
  /** Mean training loss over the epoch's rows. */
  loss: number;
  /** Where there is a validation set. */
  validation?: ValidationRecord;
  seconds: number;
}

export interface ValidationRecord {
  metric: 'accuracy' | 'agreement';
  /** 0..1. */
  value: number;
  /** Of accuracy: the labels' mean negative log-likelihood. Of agreement: the mean KL to the teacher. In nats. */
  loss: number;
}

/** Whether the last epoch is the best so far; without validation the last always is. */
export function isBest(history: readonly EpochRecord[]): boolean {
  const last = history.at(-1)?.validation;
  if (!last) return true;
  return history.slice(0, -1).every(({ validation: other }) => {
    return !other || last.value > other.value || (last.value === other.value && last.loss < other.loss);
  });
}

/**
 * How many of the last epochs brought no better validation metric: one that exceeds the best before it by more than `minDelta`
 * (where that is 0, by anything).
 */
export function epochsWithoutGain(history: readonly EpochRecord[], minDelta: number): number {
  let best = Number.NEGATIVE_INFINITY;
  let without = 0;
  for (const { validation } of history) {
    if (!validation) continue;
    if (validation.value > best + minDelta) {
      best = validation.value;
      without = 0;
    } else without++;
  }
  return without;
}
