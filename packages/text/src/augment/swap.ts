import { type Augmentation, amountOf } from './augmentation.js';
import { cutWords, joinWords } from './words.js';

/** Half of the exchanges are of neighbours, which disturb a text least; the others reach across it (Wei and Zou 2019). */
const NEIGHBOURS = 0.5;

/** Exchanges words and leaves what stands between them: an exchange changes two words. */
export const swap: Augmentation = (text, helpers) => {
  const { random, strength } = helpers;
  const cut = cutWords(text);
  const { words } = cut;
  if (words.length < 2) return undefined;
  const exchanges = amountOf(words.length, { random, strength: strength / 2 });
  for (let n = 0; n < exchanges; n++) {
    const near = random.uniform() < NEIGHBOURS;
    const i = near ? random.below(words.length - 1) : random.below(words.length);
    const j = near ? i + 1 : (i + 1 + random.below(words.length - 1)) % words.length;
    const word = words[i];
    words[i] = words[j];
    words[j] = word;
  }
  return joinWords(cut);
};
