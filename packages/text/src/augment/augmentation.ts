import type { WordNeighbours } from './word-neighbours.js';
import type { WordStatistics } from './word-statistics.js';

/** Where the strategies draw from. The same draws give the same texts. */
export interface RandomSource {
  /** Uniform over [0, 1). */
  uniform(): number;
  /** Uniform over the whole numbers 0 to `bound` - 1. */
  below(bound: number): number;
}

/** What the strategies may use besides the text. */
export interface AugmentationHelpers {
  random: RandomSource;
  /** Share of the words that is changed, (0, 1]; at least one word is. */
  strength: number;
  /** Of the training split. */
  statistics: WordStatistics;
  /** By the teacher's embeddings, where it has a table of them. */
  neighbours?: WordNeighbours;
  /** Draws another text of the same class; undefined where there is none. */
  partner(): string | undefined;
}

/**
 * Makes a new text of one, by draws of `helpers.random` alone; undefined where the text has nothing to change, too few words for
 * example. What comes out may still equal the text or another one.
 */
export type Augmentation = (text: string, helpers: AugmentationHelpers) => string | undefined;

/** How many of `count` things to change: their share, at random rounded up or down so that its mean is right, and at least one. */
export function amountOf(
  count: number,
  { strength, random }: Pick<AugmentationHelpers, 'strength' | 'random'>,
): number {
  return Math.min(count, Math.max(1, Math.floor(strength * count + random.uniform())));
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
