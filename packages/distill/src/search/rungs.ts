/** A round of a search: how many candidates train in it, and for which share of their epochs. */
export interface Rung {
  trials: number;
  /** Above 0, at most 1. */
  share: number;
}

/**
 * Successive halving (Jamieson & Talwalkar 2016; Li et al. 2018) with epochs as the resource: all candidates train for `firstShare` of
 * their epochs, then one in `eta` for `eta` times as many, until they train in full or fewer than two would be left. The last rung
 * trains in full, so that the choice is made between finished students.
 *
 * @param eta at least 2
 * @param firstShare above 0, at most 1
 */
export function planRungs(trials: number, { eta, firstShare }: { eta: number; firstShare: number }): Rung[] {
  const rungs: Rung[] = [];
  let share = firstShare;
  for (let left = trials; ; left = Math.floor(left / eta), share *= eta) {
    // Shares like 0.1 · 3 · 3 miss 1 by a rounding error, or by less than an epoch: neither is worth a rung.
    if (share > 0.95 || Math.floor(left / eta) < 2) return [...rungs, { trials: left, share: 1 }];
    rungs.push({ trials: left, share });
  }
}

/** Epochs of a trial: the rung's share of those that the candidate asks for, at least 1. */
export function rungEpochs(epochs: number, { share }: Rung): number {
  return Math.max(1, Math.round(epochs * share));
}
