import { EVERY_CHARACTER } from './character-path.js';

/** `[PAD]` and `[UNK]`, the two ids before the characters. */
export const CHARACTER_PAD = 0;
export const CHARACTER_UNKNOWN = 1;
const MAX_VOCABULARY = 4096;

/** The two files of a tokenizer, as JSON values. */
export interface TokenizerFiles {
  /** `tokenizer.json` */
  tokenizer: Record<string, unknown>;
  /** `tokenizer_config.json` */
  config: Record<string, unknown>;
}

/**
 * Makes the character-level tokenizer of a static student from its training texts: lower case, one token a character,
 * ids 0 `[PAD]`, 1 `[UNK]`, then the characters by falling frequency (ties by code point), at most 4096 ids in all. The
 * same texts in any order give the same files. Loads in every Hugging Face runtime.
 *
 * @param options.maxLength characters read of a text, at least 1
 */
export function characterTokenizer(texts: Iterable<string>, { maxLength }: { maxLength: number }): TokenizerFiles {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const character of text.toLowerCase()) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  const characters = [...counts]
    .filter(([character]) => !/\p{Surrogate}/u.test(character))
    .sort(([a, m], [b, n]) => n - m || a.codePointAt(0)! - b.codePointAt(0)!)
    .slice(0, MAX_VOCABULARY - 2)
    .map(([character]) => character);
  const special = (id: number, content: string) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [special(CHARACTER_PAD, '[PAD]'), special(CHARACTER_UNKNOWN, '[UNK]')],
      normalizer: { type: 'Lowercase' },
      pre_tokenizer: { type: 'Split', pattern: { Regex: EVERY_CHARACTER }, behavior: 'Isolated', invert: false },
      post_processor: null,
      decoder: null,
      model: {
        type: 'WordLevel',
        vocab: Object.fromEntries(['[PAD]', '[UNK]', ...characters].map((token, id) => [token, id])),
        unk_token: '[UNK]',
      },
    },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      model_max_length: maxLength,
      pad_token: '[PAD]',
      unk_token: '[UNK]',
      model_input_names: ['input_ids', 'attention_mask'],
      clean_up_tokenization_spaces: false,
    },
  };
}
