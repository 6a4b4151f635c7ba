import { type Augmentation, amountOf } from './augmentation.js';
import { cutWords, joinWords, withCaseOf } from './words.js';

/**
 * Says the same in more general words: the rarest words of the text, by the counts of the training split, become more frequent ones
 * that the teacher's embeddings have near them.
 */
export const backOff: Augmentation = (text, helpers) => {
  const { random, neighbours, statistics } = helpers;
  const cut = cutWords(text);
  const { words } = cut;
  if (neighbours === undefined || words.length === 0) return undefined;
  // A draw breaks ties, and moves words of about the same count against each other.
  const rarity = words.map((word) => Math.log(1 + statistics.count(word)) + random.uniform());
  const rarest = Array.from(words.keys()).sort((a, b) => rarity[a] - rarity[b] || a - b);
  let left = amountOf(words.length, helpers);
  let changed = false;
  for (const i of rarest) {
    if (left === 0) break;
    const other = neighbours.moreFrequent(words[i], random);
    if (other === undefined) continue;
    words[i] = withCaseOf(words[i], other);
    changed = true;
    left--;
  }
  return changed ? joinWords(cut) : undefined;
};
