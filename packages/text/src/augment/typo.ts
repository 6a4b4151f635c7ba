import { type Augmentation, amountOf } from './augmentation.js';
import { drawDistinct, type RandomSource } from './draws.js';
import { cutWords, joinWords } from './words.js';

/** Rows of a QWERTY keyboard; each is shifted by about half a key against the one above. */
const ROWS = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm'];

/** The letters beside, above and below each. */
const NEIGHBOURS = new Map(
  ROWS.flatMap((row, y) =>
    Array.from(row, (letter, x): [string, string] => [
      letter,
      [row[x - 1], row[x + 1], ROWS[y - 1]?.[x], ROWS[y - 1]?.[x + 1], ROWS[y + 1]?.[x - 1], ROWS[y + 1]?.[x]]
        .filter((near) => near !== undefined)
        .join(''),
    ]),
  ),
);

/** A letter with its marks: what is typed as one. */
const TYPED = /\P{M}\p{M}*/gu;

/** Mistypes one letter in some of the words (the four edits of Damerau 1964, with neighbours on the keyboard). */
export const typo: Augmentation = (text, helpers) => {
  const { random } = helpers;
  const cut = cutWords(text);
  const { words } = cut;
  // A letter alone says too little to be mistyped and still read.
  const long = Array.from(words.keys()).filter((i) => (words[i].match(TYPED)?.length ?? 0) > 1);
  if (long.length === 0) return undefined;
  for (const at of drawDistinct(long.length, amountOf(long.length, helpers), random)) {
    words[long[at]] = mistyped(words[long[at]], random);
  }
  return joinWords(cut);
};

function mistyped(word: string, random: RandomSource): string {
  const letters = word.match(TYPED) as string[];
  const at = random.below(letters.length);
  switch (random.below(4)) {
    case 0:
      letters[at] = struck(letters[at], random);
      break;
    case 1:
      letters.splice(at, 1);
      break;
    case 2:
      letters.splice(at, 0, struck(letters[at], random));
      break;
    default: {
      const first = Math.min(at, letters.length - 2);
      letters.splice(first, 2, letters[first + 1], letters[first]);
    }
  }
  return letters.join('');
}

/** The key beside a letter's; the letter itself where the keyboard does not have it. */
function struck(letter: string, random: RandomSource): string {
  const near = NEIGHBOURS.get(letter.toLowerCase());
  if (near === undefined) return letter;
  const key = near[random.below(near.length)];
  return letter === letter.toLowerCase() ? key : key.toUpperCase();
}
