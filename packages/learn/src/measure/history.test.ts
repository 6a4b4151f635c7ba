import { describe, expect, it } from 'vitest';
import { type EpochRecord, epochsWithoutGain, isBest } from './history.js';

const history = (...values: [value: number, loss?: number][]): EpochRecord[] =>
  values.map(([value, loss = 1], i) => ({
    ...{ epoch: i + 1, loss: 1, seconds: 0 },
    validation: { metric: 'accuracy', value, loss },
  }));

describe('the history of epochs', () => {
  it('takes the highest metric for the best, among equals the lowest loss, among those the first', () => {
    expect(isBest(history([0.5]))).toBe(true);
    expect(isBest(history([0.5], [0.6]))).toBe(true);
    expect(isBest(history([0.6], [0.5]))).toBe(false);
    expect(isBest(history([0.5, 2], [0.5, 1]))).toBe(true);
    expect(isBest(history([0.5, 1], [0.5, 1]))).toBe(false);
    expect(isBest([{ epoch: 1, loss: 1, seconds: 0 }])).toBe(true);
  });

  it('counts the epochs since the metric last rose by more than the least gain', () => {
    expect(epochsWithoutGain([], 0)).toBe(0);
    expect(epochsWithoutGain(history([0.5], [0.5], [0.4]), 0)).toBe(2);
    expect(epochsWithoutGain(history([0.5], [0.4], [0.6]), 0)).toBe(0);
    // Small gains add up to one that counts.
    expect(epochsWithoutGain(history([0.5], [0.54], [0.58]), 0.05)).toBe(0);
    expect(epochsWithoutGain(history([0.5], [0.54], [0.55]), 0.05)).toBe(2);
  });
});
