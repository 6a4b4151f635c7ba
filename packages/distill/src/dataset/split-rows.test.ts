import { type Row, SPLITS } from '@retort/contracts';
import { normalizeText } from '@retort/text';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partition } from './split-rows.js';

const row = fc.record(
  { text: fc.string({ minLength: 1 }), label: fc.constantFrom('a', 'b'), split: fc.constantFrom(...SPLITS) },
  { requiredKeys: ['text', 'split'] },
) as fc.Arbitrary<Row>;

describe('partition', () => {
  it('puts every row in exactly one part, unlabelled ones that repeat a text in none, and test rows nowhere else', () => {
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const { train, valid, test } = partition(rows);
        const used = [...train, ...valid, ...test].sort((a, b) => a - b);
        const key = ({ text }: Row) => normalizeText(text) || text;
        const isUsed = ({ label, split, text }: Row, i: number) => {
          if (label !== undefined || split !== 'train') return true;
          const equals = rows.filter((other, j) => j !== i && key(other) === key({ text, split }));
          const before = rows.slice(0, i).filter((other) => key(other) === key({ text, split }));
          return before.length === 0 && equals.every((other) => other.label === undefined && other.split === 'train');
        };
        expect(used).toEqual(rows.flatMap((row, i) => (isUsed(row, i) ? [i] : [])));
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

  it('learns no text without a label that something is measured on, or that it has already', () => {
    const rows: Row[] = [
      { text: 'Wake me!', split: 'train' },
      { text: 'wake me', label: 'a', split: 'test' },
      { text: 'lights, off', split: 'train' },
      { text: 'lights off', split: 'valid' },
      { text: 'play it', split: 'train' },
      { text: 'Play it.', split: 'train' },
      { text: 'stop', split: 'train' },
      { text: 'STOP', label: 'a', split: 'train' },
      { text: 'sing', split: 'train' },
      { text: 'sing', label: 'oos', split: 'test' },
      { text: 'dance', split: 'train' },
      { text: 'dance', label: 'oos', split: 'train' },
      { text: '?', split: 'train' },
      { text: '!', split: 'train' },
      { text: 'play it', split: 'train' },
    ];
    const parts = partition(rows, { foreign: 'oos' });
    expect([...parts.train]).toEqual([4, 7, 10, 12, 13]);
    expect([...partition(rows, { foreign: 'oos', generated: 1 }).train]).toEqual([4, 7, 10, 12, 13, 14]);
  });

  it('keeps rows out of scope from all parts but their own, where only those of the test split are', () => {
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const { train, valid, test, outOfScope } = partition(rows, { foreign: 'b' });
        for (const i of [...train, ...valid, ...test]) expect(rows[i].label).not.toBe('b');
        expect([...outOfScope]).toEqual(
          rows.flatMap(({ label, split }, i) => (label === 'b' && split === 'test' ? [i] : [])),
        );
        // The other rows are treated as if those of the other splits were not there.
        const others = partition(
          rows.filter(({ label, split }) => label !== 'b' || split === 'test'),
          { foreign: 'b' },
        );
        expect([train.length, valid.length, test.length]).toEqual([
          others.train.length,
          others.valid.length,
          others.test.length,
        ]);
      }),
    );
  });
});
