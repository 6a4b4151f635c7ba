import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mixSoftLabels } from './mix-soft-labels.js';

const CLASSES = 3;
const logit = fc.float({ min: -30, max: 30, noNaN: true });
const softmax = (logits: Iterable<number>, temperature: number) => {
  const powers = Array.from(logits, (value) => Math.exp(value / temperature));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
};

describe('mixSoftLabels', () => {
  it('averages the probabilities that the loss will see', () => {
    const rows = fc.array(fc.tuple(logit, logit), { minLength: CLASSES, maxLength: CLASSES });
    const mixes = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(rows, mixes, fc.constantFrom(0.5, 1, 4), (pairs, mix, temperature) => {
        const teacher = Float32Array.from(pairs, ([value]) => value);
        const assistant = Float32Array.from(pairs, ([, value]) => value);
        const mixed = softmax(mixSoftLabels(teacher, assistant, { classes: CLASSES, mix, temperature }), temperature);
        const [t, a] = [softmax(teacher, temperature), softmax(assistant, temperature)];
        for (const [c, p] of mixed.entries()) expect(p).toBeCloseTo(mix * t[c]! + (1 - mix) * a[c]!, 4);
      }),
    );
  });

  it('is the assistant’s own where the teacher has no weight, and finite where a class is impossible', () => {
    const [teacher, assistant] = [Float32Array.of(0, 1e4, 0), Float32Array.of(1e4, 0, 0)];
    expect(mixSoftLabels(teacher, assistant, { classes: 3, mix: 0, temperature: 1 })).toBe(assistant);
    const mixed = mixSoftLabels(teacher, assistant, { classes: 3, mix: 0.5, temperature: 1 });
    expect(mixed[0]).toBeCloseTo(Math.log(0.5), 6);
    expect(mixed.every(Number.isFinite)).toBe(true);
  });
});
