import { readFileSync } from 'node:fs';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharedPath } from '../../../test/support/shared.js';
import { texts, unigram, wordpiece } from '../../../test/support/tokenizers.js';
import { characterTokenizer } from './character-tokenizer.js';
import { loadTokenizer } from './load-tokenizer.js';

function expectSameIds(json: object, config: object, kind: string, numRuns = 1500): void {
  const ours = loadTokenizer(json, config);
  const library = new HuggingFaceTokenizer(json, config);
  expect(ours.kind).toBe(kind);
  fc.assert(
    fc.property(texts, (text) => {
      expect([...ours.encode(text, 100_000)]).toEqual(library.encode(text).ids);
    }),
    { numRuns },
  );
}

describe('our tokenizer paths give the ids of @huggingface/tokenizers', () => {
  const { tokenizer, config } = characterTokenizer(['Hello, world! ΟΔΟΣ 中文 😀 é', 'ab\n'], { maxLength: 64 });
  it('for characters', () => expectSameIds(tokenizer, config, 'character'));

  it.each([
    { lowercase: true },
    { lowercase: false },
    { lowercase: true, strip_accents: false },
    { lowercase: false, strip_accents: true, clean_text: false, handle_chinese_chars: false },
  ])('for WordPiece with %o', (normalizer) => expectSameIds(wordpiece(normalizer), {}, 'wordpiece'));

  it.each([
    [null, { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' }],
    [
      { type: 'Precompiled', precompiled_charsmap: null },
      { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' },
    ],
    [{ type: 'Sequence', normalizers: [{ type: 'NFKC' }, { type: 'Lowercase' }] }, { type: 'WhitespaceSplit' }],
  ])('for Unigram with %o and %o', (normalizer, pre) => expectSameIds(unigram(normalizer, pre), {}, 'unigram'));

  const minilm = sharedPath('models/minilm-l6');
  it.skipIf(minilm === undefined)('for the tokenizer of MiniLM (needs ../shared)', () => {
    const read = (file: string) => JSON.parse(readFileSync(`${minilm}/${file}`, 'utf8'));
    expectSameIds(read('tokenizer.json'), read('tokenizer_config.json'), 'wordpiece');
  });
});

describe('loadTokenizer', () => {
  it('cuts a text that is too long but keeps the special tokens, on every path', () => {
    const json = wordpiece({ lowercase: true });
    const fast = loadTokenizer(json);
    // A lower-case normalizer beside BERT's own changes nothing, but only the general path knows that.
    const slow = loadTokenizer({
      ...json,
      normalizer: { type: 'Sequence', normalizers: [json.normalizer, { type: 'Lowercase' }] },
    });
    expect(slow.kind).toBe('general');
    const [pad, unknown, cls, sep, hello, world] = [0, 1, 2, 3, 4, 5];
    for (const tokenizer of [fast, slow]) {
      expect([...tokenizer.encode('hello world 漢 hello world', 5)]).toEqual([cls, hello, world, unknown, sep]);
      expect([...tokenizer.encode('hello', 3)]).toEqual([cls, hello, sep]);
      expect([...tokenizer.encode('hello', 1)]).toHaveLength(1);
      expect(tokenizer.padId).toBe(pad);
    }
  });

  it('reads the length limit and the padding token from the config, then from the file', () => {
    const { tokenizer, config } = characterTokenizer(['abc'], { maxLength: 64 });
    expect(loadTokenizer(tokenizer, config)).toMatchObject({ maxLength: 64, padId: 0, vocabularySize: 5 });
    const json = { ...wordpiece({}), truncation: { max_length: 77 } };
    expect(loadTokenizer(json, { model_max_length: 1e30, pad_token: { content: '[SEP]' } })).toMatchObject({
      maxLength: 77,
      padId: 3,
    });
  });

  it.each([
    [null, 'not a JSON object'],
    [{}, '"model" is missing'],
    [{ model: { type: 'BPE' } }, '"model.vocab" is missing'],
    [{ model: { vocab: {} }, added_tokens: [{ id: 'x' }] }, 'added_tokens'],
    [{ model: { vocab: {} }, normalizer: 'NFC' }, '"normalizer"'],
    [{ model: { vocab: { a: 0 } }, normalizer: { type: 'Nonsense' } }, 'Unknown Normalizer type: Nonsense'],
  ])('says what is wrong with %o', (json, reason) => {
    expect(() => loadTokenizer(json)).toThrow(
      expect.objectContaining({ code: 'RT_INVALID_MODEL', message: expect.stringContaining(reason) }),
    );
  });
});

describe('characterTokenizer', () => {
  it('orders characters by frequency, whatever the order of the texts', () => {
    const texts = ['bba', 'B c', 'é😀'];
    const { tokenizer } = characterTokenizer(texts, { maxLength: 8 });
    expect(characterTokenizer(texts.reverse(), { maxLength: 8 }).tokenizer).toEqual(tokenizer);
    expect((tokenizer.model as { vocab: object }).vocab).toEqual({
      '[PAD]': 0,
      '[UNK]': 1,
      b: 2,
      ' ': 3,
      a: 4,
      c: 5,
      é: 6,
      '😀': 7,
    });
  });
});
