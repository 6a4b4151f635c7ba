import { AddedTokens } from './added-tokens.js';
import { type BertNormalizerSettings, normalizeBert } from './bert-normalizer.js';
import type { Tokenizer } from './tokenizer.js';
import {
  maxLengthOf,
  padIdOf,
  type SpecialTokens,
  specialTokens,
  type TokenizerConfig,
  type TokenizerJson,
  tokenId,
  vocabularySize,
} from './tokenizer-files.js';

/** BERT's pre-tokenizer: a punctuation mark alone, or a run of what is neither white space nor punctuation. */
const WORDS = /[^\s\p{P}!-/:-@[-`{-~]+|[\p{P}!-/:-@[-`{-~]/gu;

/** Words remembered with their ids. The cache is emptied when full, so that memory stays bounded. */
const CACHE_WORDS = 65_536;
const CACHE_WORD_LENGTH = 48;

/** The path for BERT's tokenizer (BertNormalizer, BertPreTokenizer, WordPiece); undefined for any other. */
export function wordpiecePath(json: TokenizerJson, config: TokenizerConfig): Tokenizer | undefined {
  const { model, normalizer, pre_tokenizer } = json;
  const added = AddedTokens.of(json, config);
  const specials = specialTokens(json);
  const unknown = typeof model.unk_token === 'string' ? tokenId(json, model.unk_token) : undefined;
  if (
    model.type !== 'WordPiece' ||
    Array.isArray(model.vocab) ||
    typeof model.continuing_subword_prefix !== 'string' ||
    normalizer?.type !== 'BertNormalizer' ||
    pre_tokenizer?.type !== 'BertPreTokenizer' ||
    unknown === undefined ||
    specials === undefined ||
    added === undefined
  ) {
    return undefined;
  }
  return new WordPieceTokenizer(json, config, { added, specials, unknown });
}

/** What an ASCII character is to the tokenizer. */
const WORD = 0;
const SPACE = 1;
const PUNCTUATION = 2;
const DROPPED = 3;

class WordPieceTokenizer implements Tokenizer {
  readonly kind = 'wordpiece';
  readonly vocabularySize: number;
  readonly padId: number;
  readonly maxLength: number;
  readonly #added: AddedTokens;
  readonly #specials: SpecialTokens;
  readonly #unknown: Int32Array;
  readonly #normalizer: BertNormalizerSettings;
  readonly #ascii: Uint8Array;
  readonly #tokens: Map<string, number>;
  readonly #prefix: string;
  readonly #maxWordCharacters: number;
  /** Characters of the longest token: no longer piece need be looked up. */
  readonly #longest: number;
  readonly #cache = new Map<string, Int32Array>();
  #scratch = new Int32Array(512);
  #count = 0;
  #limit = 0;

  constructor(
    json: TokenizerJson,
    config: TokenizerConfig,
    { added, specials, unknown }: { added: AddedTokens; specials: SpecialTokens; unknown: number },
  ) {
    const { model } = json;
    this.vocabularySize = vocabularySize(json);
    this.padId = padIdOf(json, config);
    this.maxLength = maxLengthOf(json, config);
    this.#added = added;
    this.#specials = specials;
    this.#unknown = Int32Array.of(unknown);
    this.#normalizer = json.normalizer as BertNormalizerSettings;
    this.#ascii = asciiClasses(this.#normalizer.clean_text === true);
    this.#tokens = new Map([...Object.entries(model.vocab as Record<string, number>), ...added.ids]);
    this.#prefix = model.continuing_subword_prefix as string;
    this.#maxWordCharacters = (model.max_input_chars_per_word as number | undefined) ?? 100;
    this.#longest = 0;
    for (const token of this.#tokens.keys()) this.#longest = Math.max(this.#longest, token.length);
  }

  encode(text: string, maxLength = this.maxLength): Int32Array {
    const { before, after } = this.#specials;
    if (this.#scratch.length < maxLength) this.#scratch = new Int32Array(maxLength);
    this.#count = 0;
    this.#limit = maxLength;
    this.#push(before);
    this.#limit = Math.max(this.#count, maxLength - after.length);
    const sections = this.#added.split(text);
    if (sections === undefined) this.#section(text);
    else {
      for (const section of sections) {
        if (typeof section === 'string') this.#section(section);
        else this.#push([section]);
      }
    }
    this.#limit = maxLength;
    this.#push(after);
    return this.#scratch.slice(0, this.#count);
  }

  #push(ids: ArrayLike<number>): void {
    const room = Math.min(ids.length, this.#limit - this.#count);
    for (let i = 0; i < room; i++) this.#scratch[this.#count++] = ids[i];
  }

  /** ASCII is cut by table, without building a normalized string; the first other character sends the section the long way. */
  #section(section: string): void {
    const begin = this.#count;
    const classes = this.#ascii;
    const text = this.#normalizer.lowercase ? section.toLowerCase() : section;
    if (this.#added.survivesLowerCase && this.#wholeToken(text)) return;
    let start = -1;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      const kind = unit < 128 ? classes[unit] : DROPPED;
      if (kind === WORD) {
        if (start < 0) start = i;
        continue;
      }
      if (kind === DROPPED) {
        this.#count = begin;
        this.#longWay(section);
        return;
      }
      if (start >= 0) this.#push(this.#word(text.slice(start, i)));
      start = -1;
      if (kind === PUNCTUATION) this.#push(this.#word(text[i]));
    }
    if (start >= 0) this.#push(this.#word(text.slice(start)));
  }

  #longWay(section: string): void {
    const text = normalizeBert(section, this.#normalizer);
    if (this.#wholeToken(text)) return;
    for (const word of text.match(WORDS) ?? []) {
      if (this.#count >= this.#limit) return;
      this.#push(this.#word(word));
    }
  }

  /** Normalization may have made an added token out of a section: one that held, say, a zero-width character. */
  #wholeToken(section: string): boolean {
    const id = this.#added.ids.get(section);
    if (id !== undefined) this.#push([id]);
    return id !== undefined;
  }

  #word(word: string): Int32Array {
    const known = this.#cache.get(word);
    if (known !== undefined) return known;
    const ids = this.#pieces(word);
    if (word.length <= CACHE_WORD_LENGTH) {
      if (this.#cache.size >= CACHE_WORDS) this.#cache.clear();
      this.#cache.set(unsliced(word), ids);
    }
    return ids;
  }

  /** Greedy longest match from the left (Wu et al. 2016); a word with any part unknown is unknown as a whole. */
  #pieces(word: string): Int32Array {
    const characters = Array.from(word);
    if (characters.length > this.#maxWordCharacters) return this.#unknown;
    const ids: number[] = [];
    for (let start = 0; start < characters.length; ) {
      let end = Math.min(characters.length, start + this.#longest);
      let id: number | undefined;
      for (; end > start; end--) {
        const piece = characters.slice(start, end).join('');
        id = this.#tokens.get(start > 0 ? this.#prefix + piece : piece);
        if (id !== undefined) break;
      }
      if (id === undefined) return this.#unknown;
      ids.push(id);
      start = end;
    }
    return Int32Array.from(ids);
  }
}

/** Cleaning drops control characters (vertical tab and form feed among them); without it they are part of words. */
function asciiClasses(clean: boolean): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, code) => {
    const character = String.fromCharCode(code);
    if (clean && /\p{Cc}/u.test(character)) return '\t\n\r'.includes(character) ? SPACE : DROPPED;
    if (/\s/.test(character)) return SPACE;
    return /[!-/:-@[-`{-~]/.test(character) ? PUNCTUATION : WORD;
  });
}

/** A copy that shares nothing: V8 makes a slice of 13 units or more a view that would keep its whole text in memory. */
function unsliced(word: string): string {
  return word.length < 13 ? word : Buffer.from(word, 'utf16le').toString('utf16le');
}
