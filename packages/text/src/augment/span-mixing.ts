import type { Augmentation } from './augmentation.js';
import { cutWords, joinWords } from './words.js';

/** Least and most of its words that a text gives to the mixture. */
const LEAST = 0.25;
const MOST = 0.75;

/**
 * Joins the beginning of one text and the end of another one of the same class, cut at the same share of both, so that the result is
 * about as long as they are. (The pairwise recombination of Guo et al. 2020 within a class, so that the class is plausible still.)
 */
export const spanMixing: Augmentation = (text, { random, partner }) => {
  const other = partner();
  if (other === undefined) return undefined;
  const [first, second] =
    random.uniform() < 0.5 ? [cutWords(text), cutWords(other)] : [cutWords(other), cutWords(text)];
  if (first.words.length === 0 || second.words.length === 0) return undefined;
  const share = LEAST + (MOST - LEAST) * random.uniform();
  const head = Math.max(1, Math.round(share * first.words.length));
  const tail = Math.min(second.words.length - 1, Math.round(share * second.words.length));
  return joinWords({
    words: [...first.words.slice(0, head), ...second.words.slice(tail)],
    gaps: [...first.gaps.slice(0, head), seam(second.gaps[tail]), ...second.gaps.slice(tail + 1)],
  });
};

/** What stands before the second span, if it separates words. */
function seam(gap: string): string {
  return /\s/.test(gap) ? gap : ' ';
}
