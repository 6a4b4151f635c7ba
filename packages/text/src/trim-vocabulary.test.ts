import { readFileSync } from 'node:fs';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharedPath } from '../../../test/support/shared.js';
import { texts, unigram, wordpiece } from '../../../test/support/tokenizers.js';
import { characterTokenizer } from './character-tokenizer.js';
import { loadTokenizer } from './load-tokenizer.js';
import { extendVocabulary, trimVocabulary } from './trim-vocabulary.js';

const MAX_LENGTH = 1000;

const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' };

const KINDS: [string, ReturnType<typeof wordpiece> | ReturnType<typeof unigram>][] = [
  ['WordPiece', wordpiece({ lowercase: true })],
  ['Unigram', unigram(null, metaspace)],
];

describe('extendVocabulary', () => {
  it.each(KINDS)(
    'gives back what was trimmed away, and leaves every id and the known texts as they are: %s',
    (_, json) => {
      const original = loadTokenizer(json);
      fc.assert(
        fc.property(fc.array(texts, { minLength: 1, maxLength: 4 }), texts, fc.nat(12), (known, other, count) => {
          const trimmed = trimVocabulary(json, {}, known, { maxLength: MAX_LENGTH })!;
          const extended = extendVocabulary(json, {}, trimmed.kept, { count, maxLength: MAX_LENGTH });
          expect(extended.kept.subarray(0, trimmed.kept.length)).toEqual(trimmed.kept);
          expect(extended.kept.length).toBeLessThanOrEqual(trimmed.kept.length + count);
          expect(new Set(extended.kept).size).toBe(extended.kept.length);
          const tokenizer = loadTokenizer(extended.tokenizer, extended.config);
          expect(tokenizer.kind).toBe(original.kind);
          for (const text of known) {
            const ids = tokenizer.encode(text);
            expect(ids).toEqual(loadTokenizer(trimmed.tokenizer, trimmed.config).encode(text));
            expect(ids.map((id) => extended.kept[id]!)).toEqual(original.encode(text, MAX_LENGTH));
          }
          const library = new HuggingFaceTokenizer(extended.tokenizer, extended.config);
          expect([...tokenizer.encode(other)]).toEqual(library.encode(other).ids.slice(0, MAX_LENGTH));
          // With all of it, every text is read as the original reads it.
          const whole = extendVocabulary(json, {}, trimmed.kept, { count: 1e6, maxLength: MAX_LENGTH });
          const again = loadTokenizer(whole.tokenizer, whole.config).encode(other);
          expect(again.map((id) => whole.kept[id]!)).toEqual(original.encode(other, MAX_LENGTH));
        }),
        { numRuns: 60 },
      );
    },
  );

  it('takes the first tokens that a text can have', () => {
    const json = wordpiece({ lowercase: true });
    const { kept } = trimVocabulary(json, {}, [], { maxLength: 32 })!;
    const names = new Map(Object.entries(json.model.vocab).map(([token, id]) => [id, token]));
    const added = (count: number) =>
      Array.from(extendVocabulary(json, {}, kept, { count, maxLength: 32 }).kept.subarray(kept.length), (id) =>
        names.get(id),
      );
    expect(added(2)).toEqual(['hello', 'world']);
    expect(added(100)).toEqual(['hello', 'world', 'ab', '##ab']);
    const unused = { ...json, model: { ...json.model, vocab: { ...json.model.vocab } } };
    const last = Object.keys(json.model.vocab).length;
    Object.assign(unused.model.vocab, { '[unused0]': last, Upper: last + 1, later: last + 2 });
    const more = extendVocabulary(unused, {}, kept, { count: 100, maxLength: 32 }).kept.subarray(kept.length + 4);
    expect(Array.from(more)).toEqual([last + 2]);
  });
});

describe('trimVocabulary', () => {
  it.each([
    ['WordPiece', wordpiece({ lowercase: true })],
    [
      'WordPiece with another post-processor',
      { ...wordpiece({}), post_processor: { type: 'BertProcessing', cls: ['[CLS]', 2], sep: ['[SEP]', 3] } },
    ],
    ['Unigram', unigram(null, metaspace)],
  ])('gives the texts it was made from the same tokens: %s', (_, json) => {
    const original = loadTokenizer(json);
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 8 }), texts, (known, other) => {
        const trimmed = trimVocabulary(json, {}, known, { maxLength: MAX_LENGTH });
        if (trimmed === undefined) throw new Error('not trimmed');
        const tokenizer = loadTokenizer(trimmed.tokenizer, trimmed.config);
        expect(tokenizer.kind).toBe(original.kind);
        expect(tokenizer.vocabularySize).toBe(trimmed.kept.length);
        for (const text of known) {
          const back = tokenizer.encode(text).map((id) => trimmed.kept[id]);
          expect(back).toEqual(original.encode(text, MAX_LENGTH));
        }
        // A new text may be cut otherwise, but as every runtime cuts it.
        const library = new HuggingFaceTokenizer(trimmed.tokenizer, trimmed.config);
        expect([...tokenizer.encode(other)]).toEqual(library.encode(other).ids.slice(0, MAX_LENGTH));
      }),
      { numRuns: 60 },
    );
  });

  it('keeps what occurs, the special tokens and every single character, and numbers them anew', () => {
    const json = { ...wordpiece({ lowercase: true }), truncation: { max_length: 9 }, padding: { pad_id: 0 } };
    const config = { model_max_length: 512, added_tokens_decoder: { 3: { content: '[SEP]' } }, cls_token: '[CLS]' };
    const trimmed = trimVocabulary(json, config, ['hello'], { maxLength: 32 });
    const vocab = (trimmed?.tokenizer.model as { vocab: Record<string, number> } | undefined)?.vocab ?? {};
    const gone = Object.keys(json.model.vocab).filter((token) => !(token in vocab));
    expect(gone).toEqual(['world', 'ab', '##ab']);
    expect(Object.values(vocab).toSorted((a, b) => a - b)).toEqual(Object.keys(vocab).map((_, id) => id));
    expect(trimmed?.tokenizer).toMatchObject({ truncation: null, padding: null });
    expect(trimmed?.config).toEqual({
      model_max_length: 32,
      model_input_names: ['input_ids', 'attention_mask'],
      cls_token: '[CLS]',
    });
  });

  it('drops tokens that are rarer than asked for, whose words are spelled in smaller ones', () => {
    const json = wordpiece({ lowercase: true });
    const known = ['hello world', 'hello'];
    const trimmed = trimVocabulary(json, {}, known, { maxLength: 32, minCount: 2 });
    const vocab = (trimmed?.tokenizer.model as { vocab: Record<string, number> } | undefined)?.vocab ?? {};
    expect(Object.keys(vocab)).toContain('hello');
    expect(Object.keys(vocab)).not.toContain('world');
    const library = new HuggingFaceTokenizer(trimmed?.tokenizer ?? {}, trimmed?.config ?? {});
    expect([...loadTokenizer(trimmed?.tokenizer, trimmed?.config).encode(known[0])]).toEqual(
      library.encode(known[0]).ids,
    );
  });

  it('leaves other tokenizers alone', () => {
    const { tokenizer, config } = characterTokenizer(['abc'], { maxLength: 8 });
    expect(trimVocabulary(tokenizer, config, ['abc'], { maxLength: 8 })).toBeUndefined();
  });

  const minilm = sharedPath('models/minilm-l6');
  it.skipIf(minilm === undefined)('makes the table of MiniLM small (needs ../shared)', () => {
    const read = (file: string) => JSON.parse(readFileSync(`${minilm}/${file}`, 'utf8'));
    const trimmed = trimVocabulary(read('tokenizer.json'), read('tokenizer_config.json'), ['what is my balance?'], {
      maxLength: 64,
    });
    // 1,994 single characters, alone and continuing a word, 5 special tokens, and "what", "is", "my", "balance".
    expect(trimmed?.kept).toHaveLength(1994 + 5 + 4);
  });
});
