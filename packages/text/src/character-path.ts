import { AddedTokens } from './added-tokens.js';
import type { Tokenizer } from './tokenizer.js';
import {
  isObject,
  maxLengthOf,
  padIdOf,
  type TokenizerConfig,
  type TokenizerJson,
  tokenId,
  vocabularySize,
} from './tokenizer-files.js';

/** The pattern that splits a text into single characters, line breaks included (which `.` would not match). */
export const EVERY_CHARACTER = '[\\s\\S]';

/** The path for character-level tokenizers as {@link characterTokenizer} makes them; undefined for any other. */
export function characterPath(json: TokenizerJson, config: TokenizerConfig): Tokenizer | undefined {
  const { model, normalizer, pre_tokenizer: pre, post_processor } = json;
  const added = AddedTokens.of(json, config);
  const unknown = typeof config.unk_token === 'string' ? tokenId(json, config.unk_token) : undefined;
  const pattern = isObject(pre?.pattern) ? pre.pattern.Regex : undefined;
  if (
    model.type !== 'WordLevel' ||
    !(normalizer === null || normalizer.type === 'Lowercase') ||
    !(pre?.type === 'Split' && pattern === EVERY_CHARACTER && pre.invert !== true && pre.behavior === 'Isolated') ||
    post_processor !== null ||
    unknown === undefined ||
    added === undefined
  ) {
    return undefined;
  }
  return new CharacterTokenizer(json, config, added, unknown);
}

class CharacterTokenizer implements Tokenizer {
  readonly kind = 'character';
  readonly vocabularySize: number;
  readonly padId: number;
  readonly maxLength: number;
  readonly #added: AddedTokens;
  readonly #lowercase: boolean;
  readonly #unknown: number;
  /** Id by UTF-16 unit; characters outside the basic plane are in `#rare`. */
  readonly #ids: Int32Array;
  readonly #rare = new Map<number, number>();
  #scratch = new Int32Array(256);

  constructor(json: TokenizerJson, config: TokenizerConfig, added: AddedTokens, unknown: number) {
    this.vocabularySize = vocabularySize(json);
    this.padId = padIdOf(json, config);
    this.maxLength = maxLengthOf(json, config);
    this.#added = added;
    this.#lowercase = json.normalizer !== null;
    this.#unknown = unknown;
    this.#ids = new Int32Array(0x10000).fill(unknown);
    // An added token outranks the vocabulary.
    for (const [token, id] of [...Object.entries(json.model.vocab as Record<string, number>), ...added.ids]) {
      const point = token.codePointAt(0);
      if (point === undefined || token.length !== (point > 0xffff ? 2 : 1)) continue;
      if (point > 0xffff) this.#rare.set(point, id);
      else this.#ids[point] = id;
    }
  }

  encode(text: string, maxLength = this.maxLength): Int32Array {
    if (this.#scratch.length < maxLength) this.#scratch = new Int32Array(maxLength);
    const sections = this.#added.split(text);
    if (sections === undefined) return this.#scratch.slice(0, this.#append(text, 0, maxLength));
    let count = 0;
    for (const section of sections) {
      if (typeof section === 'string') count = this.#append(section, count, maxLength);
      else if (count < maxLength) this.#scratch[count++] = section;
    }
    return this.#scratch.slice(0, count);
  }

  /** Writes the ids of a section from `count` on; returns the new count, at most `maxLength`. */
  #append(section: string, count: number, maxLength: number): number {
    const ids = this.#ids;
    const out = this.#scratch;
    const text = this.#lowercase ? section.toLowerCase() : section;
    const whole = this.#added.survivesLowerCase ? this.#added.ids.get(text) : undefined;
    if (whole !== undefined) {
      if (count < maxLength) out[count] = whole;
      return Math.min(count + 1, maxLength);
    }
    let n = count;
    for (let i = 0; i < text.length && n < maxLength; i++) {
      const unit = text.charCodeAt(i);
      const point = (unit & 0xfc00) === 0xd800 ? text.codePointAt(i)! : unit;
      if (point > 0xffff) {
        out[n++] = this.#rare.get(point) ?? this.#unknown;
        i++;
      } else out[n++] = ids[unit];
    }
    return n;
  }
}
