import type { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { AddedTokens } from './added-tokens.js';
import { huggingFaceTokenizer } from './general-path.js';
import { TokenTrie } from './token-trie.js';
import type { Tokenizer } from './tokenizer.js';
import {
  maxLengthOf,
  padIdOf,
  type SpecialTokens,
  specialTokens,
  type TokenizerConfig,
  type TokenizerJson,
  vocabularySize,
} from './tokenizer-files.js';

/** SentencePiece gives an unknown character the score of the rarest piece less this. */
const UNKNOWN_PENALTY = 10;

/** The path for SentencePiece Unigram tokenizers; undefined for any other. */
export function unigramPath(json: TokenizerJson, config: TokenizerConfig): Tokenizer | undefined {
  const { model } = json;
  const added = AddedTokens.of(json, config);
  const specials = specialTokens(json);
  const pieces = model.vocab;
  if (
    model.type !== 'Unigram' ||
    model.byte_fallback === true ||
    !Number.isInteger(model.unk_id) ||
    !Array.isArray(pieces) ||
    !pieces.every((piece) => Array.isArray(piece) && typeof piece[0] === 'string' && typeof piece[1] === 'number') ||
    pieces[model.unk_id as number] === undefined ||
    specials === undefined ||
    added === undefined
  ) {
    return undefined;
  }
  return new UnigramTokenizer(json, config, added, specials);
}

class UnigramTokenizer implements Tokenizer {
  readonly kind = 'unigram';
  readonly vocabularySize: number;
  readonly padId: number;
  readonly maxLength: number;
  readonly #added: AddedTokens;
  readonly #specials: SpecialTokens;
  readonly #unknown: number;
  readonly #unknownScore: number;
  readonly #scores: Float64Array;
  readonly #trie: TokenTrie;
  /** For its normalizer and pre-tokenizer alone; its model is empty. */
  readonly #library: HuggingFaceTokenizer;
  readonly #lattice = new Lattice();

  constructor(json: TokenizerJson, config: TokenizerConfig, added: AddedTokens, specials: SpecialTokens) {
    const pieces = json.model.vocab as [string, number][];
    this.vocabularySize = vocabularySize(json);
    this.padId = padIdOf(json, config);
    this.maxLength = maxLengthOf(json, config);
    this.#added = added;
    this.#specials = specials;
    this.#unknown = json.model.unk_id as number;
    this.#scores = Float64Array.from(pieces, ([, score]) => score);
    this.#unknownScore =
      this.#scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY) - UNKNOWN_PENALTY;
    this.#scores[this.#unknown] = this.#unknownScore;
    this.#trie = new TokenTrie(new Map(pieces.map(([piece], id) => [piece, id])));
    const model = { type: 'WordPiece', vocab: {}, unk_token: '', continuing_subword_prefix: '' };
    this.#library = huggingFaceTokenizer(
      { ...json, added_tokens: [], post_processor: null, decoder: null, model },
      config,
    );
  }

  encode(text: string, maxLength = this.maxLength): Int32Array {
    const { before, after } = this.#specials;
    const ids = [...before];
    for (const [index, section] of (this.#added.split(text) ?? [text]).entries()) {
      if (typeof section === 'number') ids.push(section);
      else this.#section(section, index, ids);
    }
    const room = Math.max(0, maxLength - after.length);
    if (ids.length > room) ids.length = room;
    ids.push(...after);
    return Int32Array.from(ids.length > maxLength ? ids.slice(0, maxLength) : ids);
  }

  #section(section: string, index: number, ids: number[]): void {
    if (section === '') return;
    const { normalizer, pre_tokenizer } = this.#library;
    const text = normalizer === null ? section : normalizer.normalize(section);
    if (text === '') return;
    const whole = this.#added.ids.get(text);
    if (whole !== undefined) {
      ids.push(whole);
      return;
    }
    const words = pre_tokenizer === null ? [text] : pre_tokenizer.pre_tokenize(text, { section_index: index });
    const start = ids.length;
    for (const word of words) this.#word(word, ids, start);
  }

  /** Appends the most probable segmentation of a word; a run of unknowns becomes one. `start`: where the section began. */
  #word(word: string, ids: number[], start: number): void {
    const lattice = this.#lattice;
    const trie = this.#trie;
    lattice.reset(word.length);
    for (let from = 0; from < word.length; ) {
      const width = word.codePointAt(from)! > 0xffff ? 2 : 1;
      let single = false;
      let node = 0;
      for (let to = from; to < word.length; ) {
        node = trie.child(node, word.charCodeAt(to++));
        if (node < 0) break;
        const id = trie.value[node];
        if (id < 0) continue;
        lattice.insert(from, to, id, this.#scores[id]);
        if (to === from + width) single = true;
      }
      if (!single) lattice.insert(from, from + width, this.#unknown, this.#unknownScore);
      from += width;
    }
    for (const id of lattice.best()) {
      if (id === this.#unknown && ids.length > start && ids.at(-1) === id) continue;
      ids.push(id);
    }
  }
}

/**
 * Viterbi over the pieces of one word. Every step adds the same two numbers in the same order as the library's lattice, and
 * of equal scores keeps the piece that was inserted first, so that even ties (`zzzz`) come out alike.
 */
class Lattice {
  #length = 0;
  #size = 0;
  #id = new Int32Array(1024);
  #previous = new Int32Array(1024);
  /** Score of the best path up to and including a piece. */
  #score = new Float64Array(1024);
  /** Pieces that end at a position, in insertion order: the first, the last, and from each the next. */
  #first = new Int32Array(256);
  #last = new Int32Array(256);
  #next = new Int32Array(1024);

  reset(length: number): void {
    if (this.#first.length <= length) {
      this.#first = new Int32Array(length * 2);
      this.#last = new Int32Array(length * 2);
    }
    this.#first.fill(-1, 0, length + 1);
    this.#length = length;
    // Node 0 is the beginning of the word.
    this.#size = 1;
    this.#score[0] = 0;
    this.#next[0] = -1;
    this.#first[0] = 0;
    this.#last[0] = 0;
  }

  insert(from: number, to: number, id: number, score: number): void {
    if (this.#size === this.#id.length) this.#grow();
    const node = this.#size++;
    let best = -1;
    let bestScore = 0;
    for (let before = this.#first[from]; before >= 0; before = this.#next[before]) {
      const candidate = this.#score[before] + score;
      if (best < 0 || candidate > bestScore) {
        best = before;
        bestScore = candidate;
      }
    }
    this.#id[node] = id;
    this.#previous[node] = best;
    this.#score[node] = bestScore;
    this.#next[node] = -1;
    if (this.#first[to] < 0) this.#first[to] = node;
    else this.#next[this.#last[to]] = node;
    this.#last[to] = node;
  }

  /** The ids of the best path. */
  best(): number[] {
    let node = this.#first[this.#length];
    for (let other = node; other >= 0; other = this.#next[other]) {
      if (this.#score[other] > this.#score[node]) node = other;
    }
    const ids: number[] = [];
    for (; node > 0; node = this.#previous[node]) ids.push(this.#id[node]);
    return ids.reverse();
  }

  #grow(): void {
    const capacity = this.#id.length * 2;
    const grown = <A extends Int32Array | Float64Array>(from: A, to: A): A => {
      to.set(from);
      return to;
    };
    this.#id = grown(this.#id, new Int32Array(capacity));
    this.#previous = grown(this.#previous, new Int32Array(capacity));
    this.#next = grown(this.#next, new Int32Array(capacity));
    this.#score = grown(this.#score, new Float64Array(capacity));
  }
}
