import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokensDigest } from './tokens-digest.js';

describe('the digest of token ids', () => {
  it('is the same for the same texts alone, in the same order, cut at the same places', () => {
    const texts = fc.array(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }), { maxLength: 4 });
    const digestOf = (rows: number[][], padId: number) =>
      tokensDigest(
        rows.map((row) => Int32Array.from(row)),
        padId,
      );
    fc.assert(
      fc.property(texts, texts, fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 1 }), (a, b, padA, padB) => {
        const isSame = padA === padB && JSON.stringify(a) === JSON.stringify(b);
        expect(digestOf(a, padA) === digestOf(b, padB)).toBe(isSame);
        expect(digestOf(a, padA)).toBe(digestOf(structuredClone(a), padA));
      }),
      { numRuns: 500 },
    );
  });
});
