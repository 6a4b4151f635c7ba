import type { Row } from '@retort/contracts';
import { expect, it } from 'vitest';
import { validationAsTest } from './train-trial.js';

const row = (text: string, split: Row['split'], label?: string): Row => ({ text, split, ...(label && { label }) });

it('measures on the validation rows and leaves the test rows out', () => {
  const rows = [row('a', 'train', 'x'), row('b', 'test', 'x'), row('c', 'valid', 'y'), row('d', 'valid')];
  const logits = Float32Array.from([0, 1, 10, 11, 20, 21, 30, 31]);
  const trial = validationAsTest(rows, logits, 2);
  expect(trial.rows).toEqual([
    row('a', 'train', 'x'),
    row('c', 'valid', 'y'),
    row('d', 'valid'),
    row('c', 'test', 'y'),
  ]);
  expect([...trial.teacherLogits]).toEqual([0, 1, 20, 21, 30, 31, 20, 21]);
});

it('refuses rows that trials cannot be compared by', () => {
  const rows = [row('a', 'train', 'x'), row('c', 'valid')];
  expect(() => validationAsTest(rows, new Float32Array(4), 2)).toThrow(/No validation row/);
});
