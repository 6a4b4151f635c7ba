import { describe, expect, it } from 'vitest';
import { resolveSpec } from '../spec/resolve-spec.js';
import { describeReading, describeShape } from './describe-student.js';

describe('a student in words', () => {
  const words = (student: object) => {
    const spec = resolveSpec({ student }).student;
    return [describeShape(spec), describeReading(spec)];
  };

  it('reads characters, lower-cased, in n-grams', () => {
    expect(words({})).toEqual([
      '2- to 5-grams of characters in 16384 buckets of width 64, a hidden layer of 256',
      'A token is a character, lower-cased; texts are read up to 256 characters.',
    ]);
    expect(words({ tokenWidth: 32, minGram: 3, maxGram: 3, hidden: 0 })[0]).toBe(
      'a table of characters of width 32, 3-grams of characters in 16384 buckets of width 64, no hidden layer',
    );
  });

  it("reads its teacher's tokens, with a table of them beside the n-grams", () => {
    expect(words({ tokens: 'teacher' })).toEqual([
      "a table of the teacher's tokens of width 256, 2-grams of the teacher's tokens in 16384 buckets of width 64, a hidden layer of 1024",
      'Texts are read up to 128 tokens of `tokenizer.json`.',
    ]);
    expect(words({ tokens: 'teacher', tokenWidth: 0 })[0]).toMatch(/^2-grams of the teacher's tokens/);
  });

  it('is a BERT, and tells the layers that it comes from', () => {
    const student = { family: 'encoder', layers: 2, width: 96, heads: 3, initFrom: { layers: [0, 5] } };
    expect(words(student)).toEqual([
      "a BERT of 2 layers, width 96, 3 heads, feed-forward 384, from the teacher's layers 0, 5",
      'Texts are read up to 128 tokens of `tokenizer.json`.',
    ]);
  });
});
