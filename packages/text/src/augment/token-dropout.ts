import { type Augmentation, amountOf } from './augmentation.js';
import { drawDistinct } from './draws.js';
import { cutWords, withoutWords } from './words.js';

/** Leaves words out (random deletion of Wei and Zou 2019, "EDA"); at least one stays. */
export const tokenDropout: Augmentation = (text, helpers) => {
  const cut = cutWords(text);
  const count = cut.words.length;
  if (count < 2) return undefined;
  const amount = Math.min(count - 1, amountOf(count, helpers));
  return withoutWords(cut, new Set(drawDistinct(count, amount, helpers.random)));
};
