import { drawWeighted, type RandomSource } from './draws.js';
import type { WordStatistics } from './word-statistics.js';

/** Vectors of words, such as the rows of a model's embedding table. */
export interface WordVectors {
  readonly width: number;
  /** `[width]`; undefined for a word that has none. */
  vectorOf(word: string): Float32Array | undefined;
}

/** Words that may come in another one's place: the most frequent of the training split. Each look-up compares with all of them. */
const MOST_CANDIDATES = 4096;

/** Neighbours of a word that are drawn from. */
const MOST_NEIGHBOURS = 10;

/** Least cosine of a neighbour, with the mean of all vectors taken off: below, words have hardly more in common than any two. */
const LEAST_SIMILARITY = 0.3;

/** A cosine that is larger by this makes a neighbour e times as likely to be drawn. */
const TEMPERATURE = 0.1;

/** Words whose neighbours are remembered. */
const REMEMBERED = 65_536;

interface Neighbours {
  /** The nearest first. */
  near: Neighbour[];
  /** Those of them that are more frequent than the word. */
  frequent: Neighbour[];
}

interface Neighbour {
  word: string;
  similarity: number;
}

/**
 * Words of the training split near to a word, by the cosine of their vectors. Vectors of one table share a large common part (Mu and
 * Viswanath 2018), which is taken off: else all would be near.
 */
export class WordNeighbours {
  readonly #vectors: WordVectors;
  readonly #statistics: WordStatistics;
  readonly #words: string[] = [];
  /** `[words, width]`, of unit rows. */
  readonly #rows: Float32Array;
  readonly #mean: Float64Array;
  readonly #known = new Map<string, Neighbours>();

  constructor(vectors: WordVectors, statistics: WordStatistics) {
    this.#vectors = vectors;
    this.#statistics = statistics;
    const { width } = vectors;
    const found: Float32Array[] = [];
    for (const word of statistics.byFrequency()) {
      if (found.length === MOST_CANDIDATES) break;
      const vector = vectors.vectorOf(word);
      if (vector === undefined) continue;
      this.#words.push(word);
      found.push(vector);
    }
    this.#mean = new Float64Array(width);
    for (const vector of found) for (let i = 0; i < width; i++) this.#mean[i] += vector[i] / found.length;
    this.#rows = new Float32Array(found.length * width);
    for (const [row, vector] of found.entries()) this.#rows.set(this.#unit(vector), row * width);
  }

  /** Draws a word near to this one; undefined where there is none. */
  near(word: string, random: RandomSource): string | undefined {
    return draw(this.#of(word.toLowerCase()).near, random);
  }

  /** Draws a word near to this one that the training split has more often; undefined where there is none. */
  moreFrequent(word: string, random: RandomSource): string | undefined {
    return draw(this.#of(word.toLowerCase()).frequent, random);
  }

  #of(word: string): Neighbours {
    let neighbours = this.#known.get(word);
    if (neighbours === undefined) {
      neighbours = this.#find(word);
      if (this.#known.size >= REMEMBERED) this.#known.clear();
      this.#known.set(word, neighbours);
    }
    return neighbours;
  }

  #find(word: string): Neighbours {
    const vector = this.#vectors.vectorOf(word);
    if (vector === undefined) return { near: [], frequent: [] };
    const { width } = this.#vectors;
    const own = this.#unit(vector);
    const rows = this.#rows;
    const similar: Neighbour[] = [];
    for (const [row, other] of this.#words.entries()) {
      const similarity = dot(own, rows, row * width);
      if (similarity >= LEAST_SIMILARITY && other !== word) similar.push({ word: other, similarity });
    }
    // The sort is stable: of equally near words the more frequent comes first.
    similar.sort((a, b) => b.similarity - a.similarity);
    const count = this.#statistics.count(word);
    return {
      near: similar.slice(0, MOST_NEIGHBOURS),
      frequent: similar.filter((other) => this.#statistics.count(other.word) > count).slice(0, MOST_NEIGHBOURS),
    };
  }

  #unit(vector: Float32Array): Float32Array {
    const centred = Float32Array.from(vector, (value, i) => value - this.#mean[i]);
    const norm = Math.sqrt(centred.reduce((sum, value) => sum + value * value, 0));
    return norm > 0 ? centred.map((value) => value / norm) : centred;
  }
}

/** a · b[start…]. Four sums at a time, or each addition would wait for the one before it. */
function dot(a: Float32Array, b: Float32Array, start: number): number {
  const whole = a.length - (a.length % 4);
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i] * b[start + i];
    s1 += a[i + 1] * b[start + i + 1];
    s2 += a[i + 2] * b[start + i + 2];
    s3 += a[i + 3] * b[start + i + 3];
  }
  for (let i = whole; i < a.length; i++) s0 += a[i] * b[start + i];
  return s0 + s1 + s2 + s3;
}

function draw(neighbours: readonly Neighbour[], random: RandomSource): string | undefined {
  if (neighbours.length === 0) return undefined;
  const [{ similarity: nearest }] = neighbours;
  const weights = neighbours.map(({ similarity }) => Math.exp((similarity - nearest) / TEMPERATURE));
  return neighbours[drawWeighted(weights, random)].word;
}
