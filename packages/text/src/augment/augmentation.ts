import type { RandomSource } from './draws.js';
import type { WordNeighbours } from './word-neighbours.js';
import type { WordStatistics } from './word-statistics.js';

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
