import { RetortError } from '@retort/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitTemperature, TEMPERATURE_RANGE } from './calibration.js';
import { agreement, evaluate, klToTeacher } from './metrics.js';

/** Logits that answer each class with a probability of 0.6, over three classes. */
const answers = (...classes: number[]) =>
  Float32Array.from(classes.flatMap((answer) => [0, 1, 2].map((c) => (c === answer ? Math.log(0.6 / 0.2) : 0))));

describe('evaluate', () => {
  // Labels 0 0 1 1 2, answers 0 1 1 1 0: class 2 is never answered.
  const figures = evaluate(answers(0, 1, 1, 1, 0), Int32Array.of(0, 0, 1, 1, 2), 3);

  it('counts what is right', () => {
    expect(figures).toMatchObject({ rows: 5, accuracy: 0.6 });
    expect(figures.confusions).toEqual([
      { actual: 0, predicted: 1, count: 1 },
      { actual: 2, predicted: 0, count: 1 },
    ]);
  });

  it('gives precision, recall and F1 of each class, and their unweighted mean', () => {
    expect(figures.perClass).toEqual([
      { class: 0, support: 2, precision: 0.5, recall: 0.5, f1: 0.5 },
      { class: 1, support: 2, precision: 2 / 3, recall: 1, f1: 0.8 },
      { class: 2, support: 1, precision: 0, recall: 0, f1: 0 },
    ]);
    expect(figures.macroF1).toBeCloseTo((0.5 + 0.8 + 0) / 3, 12);
  });

  it('measures likelihood and calibration', () => {
    expect(figures.nll).toBeCloseTo(-(3 * Math.log(0.6) + 2 * Math.log(0.2)) / 5, 6);
    // All answers are 60% sure and 60% are right; with one more wrong, 50% are.
    expect(figures.ece).toBeCloseTo(0, 6);
    expect(evaluate(answers(0, 1, 1, 1, 0, 0), Int32Array.of(0, 0, 1, 1, 2, 1), 3).ece).toBeCloseTo(0.1, 6);
  });

  it('leaves rows without a label out, and refuses labels that do not fit', () => {
    expect(evaluate(answers(0, 1), Int32Array.of(0, -1), 3).rows).toBe(1);
    expect(() => evaluate(answers(0, 1), Int32Array.of(0, 3), 3)).toThrow('labels[1] is 3');
    expect(() => evaluate(answers(0, 1), Int32Array.of(0), 3)).toThrow(RetortError);
    expect(() => evaluate(answers(0), Int32Array.of(-1), 3)).toThrow('nothing to evaluate');
  });
});

it('agreement and KL compare a student with its teacher', () => {
  expect(agreement(answers(0, 1, 2, 2), answers(0, 1, 1, 2), 3)).toBe(0.75);
  expect(klToTeacher(answers(0, 1), answers(0, 1), 3)).toBeCloseTo(0, 12);
  // One of two rows swaps the probabilities 0.6 and 0.2 of two classes.
  expect(klToTeacher(answers(0, 1), answers(0, 2), 3)).toBeCloseTo((0.4 * Math.log(3)) / 2, 6);
});

describe('fitTemperature', () => {
  const row = fc.tuple(fc.nat(2), fc.nat(2), fc.double({ min: 0.5, max: 3, noNaN: true }));

  it('undoes a scaling of the logits', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 20, maxLength: 60 }),
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        (rows, scale) => {
          const labels = Int32Array.from(rows, ([label]) => label);
          const logits = Float32Array.from(
            rows.flatMap(([, answer, sure]) => [0, 1, 2].map((c) => (c === answer ? sure : 0))),
          );
          const temperature = fitTemperature(logits, labels, 3);
          const inside = (value: number) =>
            value > TEMPERATURE_RANGE.min * 1.01 && value < TEMPERATURE_RANGE.max / 1.01;
          fc.pre(inside(temperature) && inside(temperature * scale));
          expect(
            fitTemperature(
              logits.map((z) => z * scale),
              labels,
              3,
            ) /
              (temperature * scale),
          ).toBeCloseTo(1, 4);
          // It is the minimum: the likelihood is no better a little to either side.
          const nll = (t: number) =>
            evaluate(
              logits.map((z) => z / t),
              labels,
              3,
            ).nll;
          expect(nll(temperature)).toBeLessThanOrEqual(
            Math.min(nll(temperature * 1.05), nll(temperature / 1.05)) + 1e-9,
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('ends at its bounds for logits that are always right or say nothing', () => {
    const right = answers(0, 1, 2);
    expect(fitTemperature(right, Int32Array.of(0, 1, 2), 3)).toBeCloseTo(TEMPERATURE_RANGE.min, 6);
    expect(fitTemperature(right, Int32Array.of(1, 2, 0), 3)).toBeCloseTo(TEMPERATURE_RANGE.max, 6);
  });
});
