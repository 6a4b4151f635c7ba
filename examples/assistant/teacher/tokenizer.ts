/** A piece of the vocabulary and its score (log probability); the package's file lost some scores, which are null. */
export type Piece = [piece: string, score: number | null];

/** The first pieces are the unknown one and five reserved ones that no text gives. */
const RESERVED = 6;

/** Tokens that the encoder reads at most; its timing signal ends there. */
export const MAX_TOKENS = 128;

/**
 * The `tokenizer.json` (Hugging Face) that gives the ids of the package's own SentencePiece tokenizer: NFKC, `▁` for each space
 * and in front, then the segmentation of the highest total score.
 *
 * Two of its habits are kept, so that ids are equal: a missing score counts as 0, and as it takes a best score of exactly 0 for
 * "no path yet", it never begins a text with one of the pieces `▁:…` that have no score. What differs: of two
 * segmentations with the very same score (`!|!!!!` and `!!!!|!`) it takes the last, tokenizers of this format the first.
 */
export function useLiteTokenizer(vocabulary: Piece[]): object {
  return {
    version: '1.0',
    truncation: { direction: 'Right', max_length: MAX_TOKENS, strategy: 'LongestFirst', stride: 0 },
    padding: null,
    added_tokens: [],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFKC' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
        { type: 'Prepend', prepend: '▁' },
      ],
    },
    // Cuts the first `▁` off where a colon follows. No `^`: it would also match at the beginning of every line.
    pre_tokenizer: { type: 'Split', pattern: { Regex: '(?<![\\s\\S])▁(?=:)' }, behavior: 'Isolated', invert: false },
    post_processor: null,
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: false },
    model: { type: 'Unigram', unk_id: 0, byte_fallback: false, vocab: vocabulary.map(toEntry) },
  };
}

/** The `tokenizer_config.json` beside it. The encoder has no padding token; the attention mask hides whatever pads. */
export function useLiteTokenizerConfig(vocabulary: Piece[]): object {
  const [unknown, pad] = [0, 3].map((id) => toEntry(vocabulary[id] as Piece, id)[0]);
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: MAX_TOKENS,
    unk_token: unknown,
    pad_token: pad,
    clean_up_tokenization_spaces: false,
  };
}

/** A space, which the normalizer leaves nowhere, keeps the reserved pieces from matching a text that spells them (`</s>`). */
function toEntry([piece, score]: Piece, id: number): [string, number] {
  return [id > 0 && id < RESERVED ? `${piece} ` : piece, score ?? 0];
}
