import { characterPath } from './character-path.js';
import { generalPath } from './general-path.js';
import { checkTokenizerJson, isObject, type TokenizerConfig } from './tokenizer-files.js';
import { unigramPath } from './unigram-path.js';
import { wordpiecePath } from './wordpiece-path.js';

/** Text to token ids. */
export interface Tokenizer {
  /** Which path encodes: `general` is `@huggingface/tokenizers`; the others give the same ids faster. */
  readonly kind: 'character' | 'wordpiece' | 'unigram' | 'general';
  /** One more than the largest id. */
  readonly vocabularySize: number;
  readonly padId: number;
  /** Most ids of one text, special tokens included. */
  readonly maxLength: number;
  /**
   * Ids of `text` with the special tokens around them. A text of more than `maxLength` ids (default: the tokenizer's)
   * loses its end, but keeps its special tokens, as the reference implementation in Rust does.
   */
  encode(text: string, maxLength?: number): Int32Array;
}

/**
 * Makes a tokenizer from the parsed `tokenizer.json` and `tokenizer_config.json` of a Hugging Face folder.
 *
 * Any tokenizer that `@huggingface/tokenizers` reads works. The shapes that Retort meets most have paths of their own with
 * identical ids: our character level, BERT's WordPiece, and SentencePiece Unigram.
 *
 * @throws RetortError `RT_INVALID_MODEL` where the file is no tokenizer, naming the field
 */
export function loadTokenizer(tokenizerJson: unknown, tokenizerConfig: unknown = {}): Tokenizer {
  const json = checkTokenizerJson(tokenizerJson);
  const config: TokenizerConfig = isObject(tokenizerConfig) ? tokenizerConfig : {};
  return (
    characterPath(json, config) ?? wordpiecePath(json, config) ?? unigramPath(json, config) ?? generalPath(json, config)
  );
}
