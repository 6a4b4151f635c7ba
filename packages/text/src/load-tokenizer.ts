import { characterPath } from './character-path.js';
import { generalPath } from './general-path.js';
import type { Tokenizer } from './tokenizer.js';
import { checkTokenizerJson, isObject, type TokenizerConfig } from './tokenizer-files.js';
import { unigramPath } from './unigram-path.js';
import { wordpiecePath } from './wordpiece-path.js';

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
