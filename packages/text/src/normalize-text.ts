/**
 * The form under which two texts count as the same: Unicode NFKC, lower case, punctuation and runs of white space as one
 * space. Used to find duplicates and to assign splits, never to feed a model.
 */
export function normalizeText(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\p{S}]+/gu, ' ')
    .trim();
}
