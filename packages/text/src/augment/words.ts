/** A text cut at its words: `gaps[i]` stands before `words[i]`, and the last gap after the last word. */
export interface CutText {
  words: string[];
  gaps: string[];
}

/** Scripts that put no space between words: each letter counts as a word. */
const UNSPACED =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
const LETTER = `(?![${UNSPACED}])[\\p{L}\\p{N}]\\p{M}*`;
/** A word: letters and digits with their marks, apostrophes inside ("don't") included. */
const WORD = new RegExp(`[${UNSPACED}]\\p{M}*|(?:${LETTER})+(?:['’](?:${LETTER})+)*`, 'gu');

/** Cuts a text so that {@link joinWords} gives it back. */
export function cutWords(text: string): CutText {
  const words: string[] = [];
  const gaps: string[] = [];
  let end = 0;
  for (const match of text.matchAll(WORD)) {
    gaps.push(text.slice(end, match.index));
    words.push(match[0]);
    end = match.index + match[0].length;
  }
  gaps.push(text.slice(end));
  return { words, gaps };
}

/** The text again. */
export function joinWords({ words, gaps }: CutText): string {
  let text = gaps[0];
  for (let i = 0; i < words.length; i++) text += words[i] + gaps[i + 1];
  return text;
}

/** The text without the words at `dropped`. Of the two gaps around one, that with punctuation stays. */
export function withoutWords({ words, gaps }: CutText, dropped: ReadonlySet<number>): string {
  const kept: CutText = { words: [], gaps: [gaps[0]] };
  for (let i = 0; i < words.length; i++) {
    if (!dropped.has(i)) {
      kept.words.push(words[i]);
      kept.gaps.push(gaps[i + 1]);
      continue;
    }
    const before = kept.gaps[kept.gaps.length - 1];
    const atStart = kept.words.length === 0;
    const atEnd = i === words.length - 1;
    if (!atStart && (atEnd || before.trim() === '')) kept.gaps[kept.gaps.length - 1] = gaps[i + 1];
  }
  return joinWords(kept);
}

/** `replacement` with the capitals of `word`: all of them, or that of the beginning. */
export function withCaseOf(word: string, replacement: string): string {
  const lower = word.toLowerCase();
  if (word === lower) return replacement;
  const characters = Array.from(word);
  if (characters.length > 1 && word === word.toUpperCase()) return replacement.toUpperCase();
  if (characters[0] === Array.from(lower)[0]) return replacement;
  const [first, ...rest] = Array.from(replacement);
  return first.toUpperCase() + rest.join('');
}
