import { type Augmentation, amountOf } from './augmentation.js';
import { drawDistinct } from './draws.js';
import { cutWords, joinWords, withCaseOf } from './words.js';

/** Replaces words by words near them in the teacher's embedding table (Wang and Yang 2015, with the teacher's embeddings). */
export const neighbourReplacement: Augmentation = (text, helpers) => {
  const { random, neighbours } = helpers;
  const cut = cutWords(text);
  const { words } = cut;
  if (neighbours === undefined || words.length === 0) return undefined;
  let left = amountOf(words.length, helpers);
  let changed = false;
  for (const i of drawDistinct(words.length, words.length, random)) {
    if (left === 0) break;
    const other = neighbours.near(words[i], random);
    if (other === undefined) continue;
    words[i] = withCaseOf(words[i], other);
    changed = true;
    left--;
  }
  return changed ? joinWords(cut) : undefined;
};
