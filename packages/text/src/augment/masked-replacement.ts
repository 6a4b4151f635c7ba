import { type Augmentation, amountOf } from './augmentation.js';
import { drawDistinct } from './draws.js';
import { cutWords, joinWords, withCaseOf } from './words.js';

/**
 * Replaces words by others that would stand between the same two, by the counts of the training split: what a masked language model
 * does (Wu et al. 2019, "Conditional BERT contextual augmentation"; Jiao et al. 2020, TinyBERT) with bigrams in its place.
 */
export const maskedReplacement: Augmentation = (text, helpers) => {
  const { random, statistics } = helpers;
  const cut = cutWords(text);
  const { words } = cut;
  if (words.length === 0) return undefined;
  let changed = false;
  for (const i of drawDistinct(words.length, amountOf(words.length, helpers), random)) {
    const other = statistics.between(words[i - 1], words[i], words[i + 1], random);
    if (other === undefined) continue;
    words[i] = withCaseOf(words[i], other);
    changed = true;
  }
  return changed ? joinWords(cut) : undefined;
};
