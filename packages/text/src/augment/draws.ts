/** Where the strategies draw from. The same draws give the same texts. */
export interface RandomSource {
  /** Uniform over [0, 1). */
  uniform(): number;
  /** Uniform over the whole numbers 0 to `bound` - 1. */
  below(bound: number): number;
}

/** `amount` distinct numbers of 0 to `count` - 1, in the order drawn (the beginning of a Fisher-Yates shuffle). */
export function drawDistinct(count: number, amount: number, random: RandomSource): number[] {
  const items = Array.from({ length: count }, (_, i) => i);
  for (let i = 0; i < amount; i++) {
    const j = i + random.below(count - i);
    const item = items[i];
    items[i] = items[j];
    items[j] = item;
  }
  return items.slice(0, amount);
}

/** An index, drawn in proportion to weights of which at least one is above 0. */
export function drawWeighted(weights: ArrayLike<number>, random: RandomSource): number {
  let total = 0;
  for (let i = 0; i < weights.length; i++) total += weights[i];
  let left = random.uniform() * total;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] <= 0) continue;
    last = i;
    left -= weights[i];
    if (left < 0) return i;
  }
  // Rounding may leave a little.
  return last;
}
