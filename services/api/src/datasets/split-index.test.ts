import { SPLITS, type Split } from '@retort/contracts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SplitIndex } from './split-index.js';

it('tells in which splits a text stood before, as a map would', () => {
  const additions = fc.array(fc.tuple(fc.nat(300).map(String), fc.constantFrom<Split>(...SPLITS)), { maxLength: 2000 });
  fc.assert(
    fc.property(additions, (pairs) => {
      const index = new SplitIndex();
      const seen = new Map<string, Set<Split>>();
      for (const [text, split] of pairs) {
        const before = seen.get(text) ?? new Set();
        expect(index.add(text, split)).toEqual(SPLITS.filter((each) => before.has(each)));
        seen.set(text, before.add(split));
      }
      expect(index.size).toBe(seen.size);
    }),
    { numRuns: 30 },
  );
});

it('keeps what it has when it grows, and stops at its limit', () => {
  const index = new SplitIndex(100_000);
  for (let i = 0; i < 120_000; i++) index.add(`text ${i}`, 'train');
  expect(index.size).toBe(100_000);
  for (let i = 0; i < 100_000; i += 997) expect(index.add(`text ${i}`, 'test')).toEqual(['train']);
  expect(index.add('text 110000', 'test')).toEqual([]);
});
