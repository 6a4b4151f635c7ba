import { describe, expect, it } from 'vitest';
import { Tally } from './tally.js';

describe('Tally', () => {
  it('counts per split and label, and texts that straddle splits once each', () => {
    const tally = new Tally([]);
    tally.accept(1, { text: 'a', label: 'x', split: 'train' });
    tally.accept(2, { text: 'a', label: 'x', split: 'test' });
    tally.accept(3, { text: 'a', label: 'y', split: 'valid' });
    tally.accept(4, { text: 'b', split: 'train' });
    tally.accept(5, { text: 'b', split: 'train' });
    expect(tally.counts()).toEqual({
      splits: { train: 3, valid: 1, test: 1 },
      labels: { x: { train: 1, valid: 0, test: 1 }, y: { train: 0, valid: 1, test: 0 } },
      unlabelled: 2,
    });
    expect(tally.duplicates()).toEqual({
      count: 1,
      samples: [{ text: 'a', splits: ['train', 'valid', 'test'] }],
      checked: 2,
    });
  });

  it('rejects labels that the task does not have', () => {
    const tally = new Tally(['x']);
    expect(tally.accept(7, { text: 'a', label: 'z', split: 'train' })).toBe(false);
    expect(tally.rejected()).toEqual({
      count: 1,
      samples: [{ line: 7, reason: 'label "z" is not one of the task\'s labels' }],
    });
    expect(tally.rows).toBe(0);
  });

  it('quotes the first hundred rejections and counts all', () => {
    const tally = new Tally([]);
    for (let line = 1; line <= 250; line++) tally.reject(line, 'text is empty');
    expect(tally.rejected().count).toBe(250);
    expect(tally.rejected().samples).toHaveLength(100);
  });

  it('takes labels that are names of object properties, but not the one that JSON readers trip over', () => {
    const tally = new Tally([]);
    for (const label of ['constructor', 'toString', 'hasOwnProperty'])
      tally.accept(1, { text: label, label, split: 'train' });
    expect(Object.keys(tally.counts().labels)).toEqual(['constructor', 'hasOwnProperty', 'toString']);
    expect(tally.accept(2, { text: 'p', label: '__proto__', split: 'train' })).toBe(false);
  });
});
