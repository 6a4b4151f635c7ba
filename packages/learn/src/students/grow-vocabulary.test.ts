import { findInitializer } from '@retort/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Matrix, multiply } from '../linear-algebra/matrix.js';
import { normalValues, Random } from '../random.js';
import { withWeights } from '../trainable.js';
import { encoderStudent } from './encoder-student.js';
import { growVocabulary } from './grow-vocabulary.js';
import { staticStudent } from './static-student.js';

const random = (rows: number, columns: number, seed: number): Matrix => ({
  rows,
  columns,
  values: normalValues(new Random(seed), rows * columns, 1),
});

const encoder = (vocabularySize: number, width: number) =>
  encoderStudent(
    {
      ...{ family: 'encoder', layers: 1, width, heads: 1, intermediate: 16 },
      ...{ maxLength: 8, dropout: 0, pooling: 'mean-and-words', hidden: 0 },
    },
    { vocabularySize, classes: 3, seed: 1 },
  );

describe('growVocabulary', () => {
  it('makes the rows of new tokens as those of known ones were made of the teacher', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 1, max: 9 }), fc.nat(99), (width, more, seed) => {
        const teacher = random(100, width, seed);
        const to = random(width, 16, seed + 100);
        const kept = Int32Array.from({ length: 60 }, (_, i) => 99 - i);
        const unseen = Int32Array.from({ length: more }, (_, i) => 3 * i);
        const whole = multiply(teacher, to);
        const row = (id: number) => whole.values.subarray(16 * id, 16 * (id + 1));
        const table = Float32Array.from([...kept].flatMap((id) => [...row(id)]));
        const student = encoder(60, 16);
        const before = { ...student, model: withWeights(student.model, new Map([['embeddings.word', table]])) };
        const trained = Int32Array.from(kept.keys());
        const grown = growVocabulary(before, { kept, trained, unseen, teacher })!;
        expect(grown.fit).toBeGreaterThan(0.99);
        const { dims, data } = findInitializer(grown.student.model, 'embeddings.word', 'float32');
        expect(dims).toEqual([60 + more, 16]);
        expect((data as Float32Array).subarray(0, table.length)).toEqual(table);
        for (const [i, id] of unseen.entries()) {
          const made = (data as Float32Array).subarray(table.length + 16 * i, table.length + 16 * (i + 1));
          for (const [j, value] of made.entries()) expect(Math.abs(value - row(id)[j]!)).toBeLessThan(0.15);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('goes by the rows that were trained alone', () => {
    const [teacher, to] = [random(100, 4, 5), random(4, 16, 6)];
    const whole = multiply(teacher, to).values;
    const kept = Int32Array.from({ length: 90 }, (_, i) => i);
    const trained = kept.filter((id) => id % 2 === 0);
    const student = encoder(90, 16);
    const table = Float32Array.from(findInitializer(student.model, 'embeddings.word', 'float32').data as Float32Array);
    for (const id of trained) table.set(whole.subarray(16 * id, 16 * (id + 1)), 16 * id);
    const before = { ...student, model: withWeights(student.model, new Map([['embeddings.word', table]])) };
    const fitOf = (rows: Int32Array) =>
      growVocabulary(before, { kept, trained: rows, unseen: Int32Array.of(95), teacher })!.fit;
    expect(fitOf(trained)).toBeGreaterThan(0.99);
    expect(fitOf(kept)).toBeLessThan(0.9);
  });

  it('leaves a student alone whose table says nothing of the teacher, or that has none', () => {
    const ids = (count: number, from = 0) => Int32Array.from({ length: count }, (_, i) => from + i);
    const teacher = random(100, 60, 1);
    const student = encoder(60, 16);
    const grow = (options: Partial<Parameters<typeof growVocabulary>[1]>, of = student) =>
      growVocabulary(of, { kept: ids(60), trained: ids(60), unseen: ids(5, 60), teacher, ...options });
    // By chance the rows may follow the teacher's a little; rows that are all the same do not.
    const same = new Map([['embeddings.word', new Float32Array(60 * 16).fill(1)]]);
    expect(grow({}, { ...student, model: withWeights(student.model, same) })).toBeUndefined();
    expect(grow({ unseen: ids(5, 96) })).toBeUndefined();
    expect(grow({ trained: ids(31) })).toBeUndefined();
    const characters = staticStudent(
      {
        ...{ family: 'static', tokens: 'characters', tokenWidth: 0, width: 8, buckets: 256 },
        ...{ minGram: 1, maxGram: 2, hidden: 0, maxLength: 8 },
      },
      { vocabularySize: 60, classes: 3, seed: 1 },
    );
    expect(grow({}, characters)).toBeUndefined();
  });
});
