import type { Row } from '@retort/contracts';
import { expect, it } from 'vitest';
import { resolveSpec } from '../spec/resolve-spec.js';
import { validationAsTest } from './train-trial.js';

const row = (text: string, split: Row['split'], label?: string): Row => ({ text, split, ...(label && { label }) });

/** A teacher of two labels that answered 2·i, 2·i + 1 for row i. */
const teacherOf = (rows: Row[], name: string) => ({
  ...{ labels: ['x', 'y'], dir: name, digest: name },
  logits: Float32Array.from({ length: 2 * rows.length }, (_, i) => i),
});

it('measures on the validation rows and leaves the test rows out, the generated rows still the last', () => {
  const rows = [
    ...[row('a', 'train', 'x'), row('b', 'test', 'x'), row('c', 'valid', 'y'), row('d', 'valid')],
    ...[row('outside', 'train', 'oos'), row('made', 'train', 'x')],
  ];
  const teachers = [teacherOf(rows, 'one'), teacherOf(rows, 'two')];
  const trial = validationAsTest({ rows, generated: 1, teachers, spec: resolveSpec() });
  expect(trial.rows).toEqual([
    row('a', 'train', 'x'),
    row('c', 'valid', 'y'),
    row('d', 'valid'),
    row('c', 'test', 'y'),
    row('made', 'train', 'x'),
  ]);
  for (const { logits } of trial.teachers) expect([...logits]).toEqual([0, 1, 4, 5, 6, 7, 4, 5, 10, 11]);
});

it('refuses rows that trials cannot be compared by', () => {
  const rows = [row('a', 'train', 'x'), row('c', 'valid')];
  const options = { rows, teachers: [teacherOf(rows, 'one')], spec: resolveSpec() };
  expect(() => validationAsTest(options)).toThrow(/No validation row/);
});
