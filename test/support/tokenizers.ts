import fc from 'fast-check';

/** Texts that find the corners: any Unicode, and pieces that tokenizers treat specially, glued together. */
const pieces = fc.constantFrom(
  ...[
    'hello',
    'Hello',
    'WORLD',
    'ab',
    'abc',
    'zzzz',
    'aaaaaaa',
    "can't",
    '5"',
    '[SEP]',
    '[PAD]',
    '[pad]',
    '[UNK',
    '<s>',
    '<mask>',
  ],
  ...[
    ' ',
    '  ',
    '\t',
    '\n',
    '\r\n',
    '\v',
    '\u0001',
    '\u00a0',
    '\u200b',
    '\u2028',
    '\u2581',
    '\ufeff',
    '\ufffd',
    '\uff5e',
  ],
  ...['.', ',', '-', '_', '’', '…', '«', 'é', 'e\u0301', 'ñ', 'Σ', 'ΟΔΟΣ', 'İ', 'ß', 'ﬁ', 'Å', 'K'],
  ...['中文', '日本語', '한국어', '𠀀', '😀', '👩‍👩‍👧', '\ud800', '\udc00', 'ﬀ', '①', '१२'],
);
export const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 120 }),
  fc.array(fc.oneof(pieces, fc.string({ maxLength: 4 })), { maxLength: 30 }).map((parts) => parts.join('')),
);

const special = (id: number, content: string, more = {}) => ({
  id,
  content,
  special: true,
  normalized: false,
  ...more,
});

/** BERT's tokenizer with a small vocabulary. */
export function wordpiece(normalizer: object) {
  const words = [
    '[PAD]',
    '[UNK]',
    '[CLS]',
    '[SEP]',
    'hello',
    'world',
    'ab',
    '##c',
    '##ab',
    'e',
    '##e',
    'é',
    '中',
    '日',
    '.',
    ',',
    '"',
    '5',
  ];
  const letters = [...'abcdefghijklmnopqrstuvwxyz'].flatMap((letter) => [letter, `##${letter}`]);
  const vocab = Object.fromEntries(
    [...new Set([...words, ...letters, ...letters.map((l) => l.toUpperCase())])].map((w, i) => [w, i]),
  );
  return {
    added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]'].map((token) => special(vocab[token], token)),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      ...normalizer,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [],
    },
    decoder: null,
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 20,
      vocab,
    },
  };
}

/** A SentencePiece Unigram tokenizer with a small vocabulary. */
export function unigram(normalizer: object | null, pre_tokenizer: object | null) {
  const scored = [
    '▁',
    '▁hello',
    '▁h',
    'ello',
    'he',
    'l',
    'lo',
    '▁lo',
    'o',
    'z',
    'zz',
    'zzz',
    'a',
    'aa',
    'aaa',
    '▁aaa',
    'ab',
    'abc',
    'c',
    'b',
    '中',
    '文',
    '😀',
    'é',
    '.',
    '5"',
  ];
  const vocab = [['<unk>', 0], ['<s>', 0], ...scored.map((piece, i) => [piece, -1.3 - ((i * 7) % 11) / 3])];
  return {
    added_tokens: [special(1, '<s>'), special(vocab.length, '<mask>', { lstrip: true })],
    normalizer,
    pre_tokenizer,
    post_processor: null,
    decoder: null,
    model: { type: 'Unigram', unk_id: 0, vocab },
  };
}
