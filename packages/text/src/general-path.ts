import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import type { Tokenizer } from './tokenizer.js';
import {
  invalid,
  maxLengthOf,
  padIdOf,
  type TokenizerConfig,
  type TokenizerJson,
  vocabularySize,
} from './tokenizer-files.js';

/**
 * The library's tokenizer, with what it throws on a malformed file (any kind of error) said in our words.
 *
 * @throws RetortError `RT_INVALID_MODEL`
 */
export function huggingFaceTokenizer(json: TokenizerJson, config: TokenizerConfig): HuggingFaceTokenizer {
  try {
    return new HuggingFaceTokenizer(json, config);
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** The path for any tokenizer: `@huggingface/tokenizers` itself, plus truncation that keeps special tokens. */
export function generalPath(json: TokenizerJson, config: TokenizerConfig): Tokenizer {
  const tokenizer = huggingFaceTokenizer(json, config);
  const longest = maxLengthOf(json, config);
  return {
    kind: 'general',
    vocabularySize: vocabularySize(json),
    padId: padIdOf(json, config),
    maxLength: longest,
    encode(text, maxLength = longest) {
      const { ids } = tokenizer.encode(text);
      if (ids.length <= maxLength) return Int32Array.from(ids);
      const bare = tokenizer.encode(text, { add_special_tokens: false }).ids;
      const specials = ids.length - bare.length;
      let before = 0;
      while (before < specials && !startsWithAt(ids, bare, before)) before++;
      const kept = Math.max(0, maxLength - specials);
      return Int32Array.from([
        ...ids.slice(0, before),
        ...bare.slice(0, kept),
        ...ids.slice(before + bare.length),
      ]).slice(0, maxLength);
    },
  };
}

function startsWithAt(ids: number[], part: number[], at: number): boolean {
  return part.every((id, i) => ids[at + i] === id);
}
