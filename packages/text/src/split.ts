import type { Split } from '@retort/contracts';
import { normalizeText } from './normalize-text.js';

const ALIASES = new Map<string, Split>([
  ['train', 'train'],
  ['training', 'train'],
  ['valid', 'valid'],
  ['validation', 'valid'],
  ['val', 'valid'],
  ['dev', 'valid'],
  ['test', 'test'],
]);

/** The split that a data set's own word means (`validation`, `val` and `dev` are `valid`), or undefined. */
export function parseSplit(word: string): Split | undefined {
  return ALIASES.get(word.trim().toLowerCase());
}

/**
 * The split of a row that names none: 80% train, 10% valid, 10% test, decided by the text alone. It does not depend on the
 * order of rows or on a seed, and texts that differ only in case, spacing or punctuation fall together, so that no such
 * pair straddles train and test.
 */
export function assignSplit(text: string): Split {
  const share = hash(normalizeText(text)) / 2 ** 32;
  return share < 0.8 ? 'train' : share < 0.9 ? 'valid' : 'test';
}

/** FNV-1a over UTF-16 units, then MurmurHash3's finalizer, whose high bits are even where FNV's are not. 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
