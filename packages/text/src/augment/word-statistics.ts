import { drawWeighted, type RandomSource } from './draws.js';
import { cutWords } from './words.js';

/** Followers and predecessors of a word that are remembered, the most frequent: a draw looks at all of them. */
const MOST_BESIDE = 256;

/** What a pair of words that was never seen counts as. */
const UNSEEN = 0.1;

/** Exponent that flattens the frequencies of words, where no pair is known (Mikolov et al. 2013). */
const FLATTENING = 0.75;

/** The ends of a text, as a word. No text has it. */
const EDGE = 0;

/** Counts of words and of neighbouring words in a set of texts, in lower case. */
export class WordStatistics {
  /** In the order of first occurrence; the edge of a text comes first. */
  readonly #words: string[] = [''];
  readonly #counts: number[] = [0];
  readonly #ids = new Map<string, number>();
  #after: Map<number, number>[] = [new Map()];
  #before: Map<number, number>[] = [new Map()];
  /** Running sums of the flattened counts. */
  readonly #flattened: Float64Array;

  constructor(texts: Iterable<string>) {
    for (const text of texts) this.#add(text);
    this.#after = this.#after.map(mostFrequent);
    this.#before = this.#before.map(mostFrequent);
    let sum = 0;
    this.#flattened = Float64Array.from(this.#counts, (count) => (sum += count ** FLATTENING));
  }

  #add(text: string): void {
    let left = EDGE;
    for (const word of cutWords(text).words) {
      const id = this.#idOf(word.toLowerCase());
      this.#counts[id]++;
      this.#pair(left, id);
      left = id;
    }
    this.#pair(left, EDGE);
  }

  #idOf(word: string): number {
    const known = this.#ids.get(word);
    if (known !== undefined) return known;
    const id = this.#words.length;
    this.#ids.set(word, id);
    this.#words.push(word);
    this.#counts.push(0);
    this.#after.push(new Map());
    this.#before.push(new Map());
    return id;
  }

  #pair(left: number, right: number): void {
    const [after, before] = [this.#after[left], this.#before[right]];
    after.set(right, (after.get(right) ?? 0) + 1);
    before.set(left, (before.get(left) ?? 0) + 1);
  }

  /** How often the texts have a word. */
  count(word: string): number {
    return this.#counts[this.#ids.get(word.toLowerCase()) ?? EDGE];
  }

  /** The words, the most frequent first; of equally frequent ones that which came first. */
  *byFrequency(): Generator<string> {
    const order = Array.from(this.#words.keys()).sort((a, b) => this.#counts[b] - this.#counts[a] || a - b);
    for (const id of order) if (id !== EDGE) yield this.#words[id];
  }

  /**
   * Draws a word w, other than `word`, to stand between two, by P(w | left, right) ∝ c(left, w) · c(w, right) / c(w), which is
   * P(w | left) · P(right | w) up to a constant. Where the texts know neither side, by c(w)^0.75.
   *
   * @param left the word before; undefined at the beginning
   * @param right the word after; undefined at the end
   * @returns undefined where there is no other word
   */
  between(left: string | undefined, word: string, right: string | undefined, random: RandomSource): string | undefined {
    const own = this.#ids.get(word.toLowerCase());
    const after = this.#beside(this.#after, left);
    const before = this.#beside(this.#before, right);
    const candidates = [...new Set([...after.keys(), ...before.keys()])].filter((id) => id !== own && id !== EDGE);
    if (candidates.length === 0) return this.#anyBut(own, random);
    const weights = candidates.map(
      (id) => (((after.get(id) ?? 0) + UNSEEN) * ((before.get(id) ?? 0) + UNSEEN)) / this.#counts[id],
    );
    return this.#words[candidates[drawWeighted(weights, random)]];
  }

  #beside(table: readonly Map<number, number>[], word: string | undefined): Map<number, number> {
    const id = word === undefined ? EDGE : this.#ids.get(word.toLowerCase());
    return id === undefined ? new Map() : table[id];
  }

  #anyBut(own: number | undefined, random: RandomSource): string | undefined {
    if (this.#words.length - 1 - (own === undefined ? 0 : 1) < 1) return undefined;
    const id = firstAbove(this.#flattened, random.uniform() * this.#flattened[this.#flattened.length - 1]);
    // The next one, where it hit the word itself.
    const other = id === own ? (id % (this.#words.length - 1)) + 1 : id;
    return this.#words[other];
  }
}

function mostFrequent(beside: Map<number, number>): Map<number, number> {
  if (beside.size <= MOST_BESIDE) return beside;
  const order = [...beside].sort(([a, x], [b, y]) => y - x || a - b);
  return new Map(order.slice(0, MOST_BESIDE));
}

/** Index of the first of ascending sums that is above `value`, by bisection; the last where rounding leaves none. */
function firstAbove(sums: Float64Array, value: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
