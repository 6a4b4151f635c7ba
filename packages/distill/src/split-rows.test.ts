import { type Row, SPLITS } from '@retort/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partition } from './split-rows.js';

const row = fc.record(
  { text: fc.string({ minLength: 1 }), label: fc.constantFrom('a', 'b'), split: fc.constantFrom(...SPLITS) },
  { requiredKeys: ['text', 'split'] },
) as fc.Arbitrary<Row>;

describe('partition', () => {
  it('puts every row in exactly one part, and test rows nowhere else', () => {
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const { train, valid, test } = partition(rows);
        expect([...train, ...valid, ...test].sort((a, b) => a - b)).toEqual(rows.map((_, i) => i));
        expect([...test]).toEqual(rows.flatMap(({ split }, i) => (split === 'test' ? [i] : [])));
      }),
    );
  });

  it('sets a tenth of the labelled training rows aside where nothing validates, equal texts together', () => {
    const rows: Row[] = Array.from({ length: 2000 }, (_, i) => ({
      text: `text ${i % 1000}`,
      label: 'a',
      split: 'train',
    }));
    const { valid } = partition(rows);
    expect(valid.length / rows.length).toBeGreaterThan(0.06);
    expect(valid.length / rows.length).toBeLessThan(0.14);
    const texts = new Map<string, number>();
    for (const i of valid) texts.set(rows[i].text, (texts.get(rows[i].text) ?? 0) + 1);
    expect(new Set(texts.values())).toEqual(new Set([2]));
  });

  it('leaves unlabelled rows in training', () => {
    const rows: Row[] = Array.from({ length: 100 }, (_, i) => ({ text: `text ${i}`, split: 'train' }));
    expect(partition(rows).train.length).toBe(100);
  });

  it('keeps rows out of scope from all parts but their own, where only those of the test split are', () => {
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const { train, valid, test, outOfScope } = partition(rows, { foreign: 'b' });
        for (const i of [...train, ...valid, ...test]) expect(rows[i].label).not.toBe('b');
        expect([...outOfScope]).toEqual(
          rows.flatMap(({ label, split }, i) => (label === 'b' && split === 'test' ? [i] : [])),
        );
        // The other rows are treated as if these were not there.
        const others = partition(rows.filter(({ label }) => label !== 'b'));
        expect([train.length, valid.length, test.length]).toEqual([
          others.train.length,
          others.valid.length,
          others.test.length,
        ]);
      }),
    );
  });
});
