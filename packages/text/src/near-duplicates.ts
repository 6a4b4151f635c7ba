import { normalizeText } from './normalize-text.js';

/** Two texts (by index, `a < b`) and the Jaccard similarity of their character 3-grams, 0..1. */
export interface NearDuplicate {
  a: number;
  b: number;
  similarity: number;
}

/**
 * Finds all pairs of texts whose sets of character 3-grams have a Jaccard similarity |A∩B| / |A∪B| of at least
 * `threshold`, after {@link normalizeText}; exact, no hashing.
 *
 * Prefix filtering (Bayardo, Ma and Srikant 2007, "Scaling up all pairs similarity search"): with the grams of each text
 * in one global order, rarest first, two sets of similarity t share a gram among the first n - ceil(t·n) + 1 of each. So
 * only those rare grams are indexed, and long lists of common grams are never walked.
 *
 * @param threshold in (0, 1]; 0.7 finds a changed word in a sentence of ten
 * @returns pairs ordered by `a`, then `b`
 */
export function findNearDuplicates(texts: readonly string[], threshold: number): NearDuplicate[] {
  if (!(threshold > 0 && threshold <= 1)) throw new RangeError(`threshold must be in (0, 1], not ${threshold}`);
  const sets = gramSets(texts);
  const index = new Map<number, number[]>();
  const pairs: NearDuplicate[] = [];
  const overlap = new Set<number>();
  for (const [b, grams] of sets.entries()) {
    overlap.clear();
    // The small epsilon keeps 0.7 · 10 = 7.000000000000001 from rounding up to 8.
    const prefix = grams.length - Math.ceil(threshold * grams.length - 1e-9) + 1;
    for (let i = 0; i < prefix && i < grams.length; i++) {
      const gram = grams[i];
      const postings = index.get(gram);
      if (postings === undefined) index.set(gram, [b]);
      else {
        for (const a of postings) overlap.add(a);
        postings.push(b);
      }
    }
    for (const a of overlap) {
      const similarity = jaccard(sets[a], grams);
      if (similarity >= threshold) pairs.push({ a, b, similarity });
    }
  }
  return pairs.sort((x, y) => x.a - y.a || x.b - y.b);
}

/** Per text its distinct grams as ids in ascending order, where ids are numbered from the rarest gram on. */
function gramSets(texts: readonly string[]): Uint32Array[] {
  const ids = new Map<string, number>();
  const counts: number[] = [];
  const sets = texts.map((text) => {
    const padded = ` ${normalizeText(text)} `;
    const set = new Set<number>();
    for (let i = 0; i + 3 <= padded.length || i === 0; i++) {
      const gram = padded.slice(i, i + 3);
      let id = ids.get(gram);
      if (id === undefined) {
        id = ids.size;
        ids.set(gram, id);
        counts.push(0);
      }
      if (set.has(id)) continue;
      set.add(id);
      counts[id] = counts[id] + 1;
    }
    return set;
  });
  const byRarity = Uint32Array.from(counts.keys()).sort((x, y) => counts[x] - counts[y] || x - y);
  const rank = new Uint32Array(counts.length);
  byRarity.forEach((id, position) => {
    rank[id] = position;
  });
  return sets.map((set) => Uint32Array.from(set, (id) => rank[id]).sort());
}

/** |A∩B| / |A∪B| of two ascending lists. */
function jaccard(a: Uint32Array, b: Uint32Array): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const x = a[i];
    const y = b[j];
    if (x === y) shared++;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return shared / (a.length + b.length - shared);
}
