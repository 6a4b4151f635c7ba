import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { characterTokenizer } from './character-tokenizer.js';
import { checkText } from './check-text.js';
import { encodeBatch } from './encode-batch.js';
import { loadTokenizer } from './load-tokenizer.js';
import { findNearDuplicates } from './near-duplicates.js';
import { normalizeText } from './normalize-text.js';
import { assignSplit, parseSplit } from './split.js';

describe('checkText', () => {
  it('passes every well-formed text within the limit as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        const padded = `a${text.replaceAll('\0', '')}`;
        const characters = [...padded].length;
        expect(checkText(padded, { maxCharacters: characters })).toBe(padded);
        if (characters > 1) expect(() => checkText(padded, { maxCharacters: characters - 1 })).toThrow('limit');
      }),
    );
  });

  it('names the field in its error', () => {
    expect(() => checkText('', { field: 'inputs/3' })).toThrow(
      expect.objectContaining({
        code: 'RT_INVALID_TEXT',
        message: 'The inputs/3 is empty.',
        problems: [{ path: '/inputs/3', message: 'is empty' }],
      }),
    );
  });

  it('gives an error of ours for any value', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          expect(typeof checkText(value)).toBe('string');
        } catch (error) {
          expect(error).toMatchObject({ code: 'RT_INVALID_TEXT' });
        }
      }),
    );
  });
});

describe('assignSplit', () => {
  it('splits about 80/10/10 and keeps variants of a text together', () => {
    const counts = { train: 0, valid: 0, test: 0 };
    for (let i = 0; i < 10_000; i++) counts[assignSplit(`utterance number ${i}`)]++;
    expect(counts.train / 10_000).toBeCloseTo(0.8, 1);
    expect(counts.valid / 10_000).toBeCloseTo(0.1, 1);
    for (let i = 0; i < 100; i++)
      expect(assignSplit(`Utterance  NUMBER ${i}?!`)).toBe(assignSplit(`utterance number ${i}`));
  });

  it('never changes: data sets that were split before must split the same', () => {
    expect(['hello', 'where is my card?', 'wake me at 7', '你好'].map(assignSplit)).toMatchInlineSnapshot(`
      [
        "train",
        "valid",
        "train",
        "train",
      ]
    `);
  });

  it('knows the words data sets use', () => {
    expect(['train', 'validation', 'val', 'Dev', 'test', 'eval'].map(parseSplit)).toEqual([
      'train',
      'valid',
      'valid',
      'valid',
      'test',
      undefined,
    ]);
  });
});

describe('findNearDuplicates', () => {
  const grams = (text: string) => {
    const padded = ` ${normalizeText(text)} `;
    return new Set(Array.from({ length: Math.max(1, padded.length - 2) }, (_, i) => padded.slice(i, i + 3)));
  };

  it('finds exactly the pairs that comparing all of them finds', () => {
    const text = fc
      .array(fc.constantFrom('wake', 'me', 'up', 'at', 'seven', 'eight', 'Wake', 'up!'), { maxLength: 6 })
      .map((w) => w.join(' '));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 12 }), fc.constantFrom(0.3, 0.5, 0.7, 0.9, 1), (texts, threshold) => {
        const sets = texts.map(grams);
        const expected: string[] = [];
        for (let a = 0; a < texts.length; a++) {
          for (let b = a + 1; b < texts.length; b++) {
            const shared = [...sets[a]].filter((gram) => sets[b].has(gram)).length;
            const similarity = shared / (sets[a].size + sets[b].size - shared);
            if (similarity >= threshold) expected.push(`${a} ${b} ${similarity.toFixed(9)}`);
          }
        }
        const found = findNearDuplicates(texts, threshold);
        expect(found.map(({ a, b, similarity }) => `${a} ${b} ${similarity.toFixed(9)}`)).toEqual(expected);
      }),
    );
  });

  it('does not slow down with the square of the number of texts', () => {
    const texts = Array.from(
      { length: 5_000 },
      (_, i) => `please set alarm ${(i * 7919) % 100_003} for room ${(i * 104_729) % 99_991}`,
    );
    const start = performance.now();
    findNearDuplicates([...texts, texts[5]], 0.9);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe('encodeBatch', () => {
  it('pads to the longest text and masks the padding', () => {
    const { tokenizer, config } = characterTokenizer(['ab'], { maxLength: 4 });
    const { inputIds, attentionMask } = encodeBatch(loadTokenizer(tokenizer, config), ['a', 'abx', 'ababab']);
    expect(inputIds).toEqual({
      type: 'int64',
      dims: [3, 4],
      data: BigInt64Array.of(2n, 0n, 0n, 0n, 2n, 3n, 1n, 0n, 2n, 3n, 2n, 3n),
    });
    expect(attentionMask.data).toEqual(BigInt64Array.of(1n, 0n, 0n, 0n, 1n, 1n, 1n, 0n, 1n, 1n, 1n, 1n));
  });
});
