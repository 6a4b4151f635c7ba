import { CONFIDENCES, type SoftLabelsSpec } from '@retort/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../measure/metrics.js';
import { adjustSoftLabels } from './adjust-soft-labels.js';
import { correct, sharpen, truncate } from './adjustments.js';
import { confidences } from './confidence.js';

/** Probabilities of each row, in plain doubles. */
function probabilities(logits: Float32Array, classes: number, temperature = 1): number[][] {
  return Array.from({ length: logits.length / classes }, (_, row) => {
    const values = [...logits.subarray(row * classes, (row + 1) * classes)].map((logit) => logit / temperature);
    const powers = values.map((value) => Math.exp(value - Math.max(...values)));
    const sum = powers.reduce((total, power) => total + power);
    return powers.map((power) => power / sum);
  });
}

const highest = (row: number[]) => row.indexOf(Math.max(...row));
const logit = fc.double({ min: -8, max: 8, noNaN: true });
const given = fc.integer({ min: 2, max: 7 }).chain((classes) =>
  fc.integer({ min: 1, max: 5 }).chain((rows) =>
    fc.record({
      classes: fc.constant(classes),
      logits: fc
        .array(logit, { minLength: rows * classes, maxLength: rows * classes })
        .map((values) => Float32Array.from(values)),
      labels: fc
        .array(fc.integer({ min: -1, max: classes - 1 }), { minLength: rows, maxLength: rows })
        .map((values) => Int32Array.from(values)),
    }),
  ),
);

function expectNear(found: number[][], expected: number[][]): void {
  for (const [i, row] of expected.entries()) {
    for (const [c, value] of row.entries()) expect(found[i]![c], `row ${i}, class ${c}`).toBeCloseTo(value, 5);
  }
}

describe('sharpen', () => {
  it('raises the probabilities to a power and normalises them', () => {
    fc.assert(
      fc.property(given, fc.double({ min: 0.1, max: 10, noNaN: true }), ({ logits, classes }, power) => {
        const expected = probabilities(logits, classes).map((row) => {
          const powers = row.map((value) => value ** power);
          return powers.map((value) => value / powers.reduce((sum, one) => sum + one));
        });
        expectNear(probabilities(sharpen(logits, power), classes), expected);
      }),
    );
  });
});

describe('correct', () => {
  it('mixes the label in where the answer is wrong, and leaves every other row as it is', () => {
    fc.assert(
      fc.property(given, fc.double({ min: 0, max: 1, noNaN: true }), ({ logits, labels, classes }, share) => {
        const before = probabilities(logits, classes);
        const corrected = correct(logits, labels, classes, share);
        const after = probabilities(corrected, classes);
        for (const [i, label] of labels.entries()) {
          if (label < 0 || highest([...logits.subarray(i * classes, (i + 1) * classes)]) === label) {
            const row = [i * classes, (i + 1) * classes] as const;
            expect(corrected.slice(...row)).toEqual(logits.slice(...row));
          } else {
            const expected = before[i]!.map((value, c) => (1 - share) * value + (c === label ? share : 0));
            expectNear([after[i]!], [expected]);
          }
        }
      }),
    );
  });

  it('gives logits that a temperature still applies to where only the label is left', () => {
    const corrected = correct(Float32Array.of(5, 1, 0), Int32Array.of(1), 3, 1);
    expect([...corrected].every(Number.isFinite)).toBe(true);
    expectNear(probabilities(corrected, 3, 2), [[0, 1, 0]]);
  });

  it('refuses a share that is none, and labels that do not fit', () => {
    expect(() => correct(Float32Array.of(0, 1), Int32Array.of(0), 2, 1.5)).toThrow('from 0 to 1, not 1.5');
    expect(() => correct(Float32Array.of(0, 1), Int32Array.of(2), 2, 0.5)).toThrow('labels[0] is 2');
  });
});

describe('truncate', () => {
  it('keeps the highest probabilities and spreads the mass of the others evenly', () => {
    fc.assert(
      fc.property(given, fc.nat(), ({ logits, classes }, number) => {
        const kept = 1 + (number % (classes - 1));
        const after = probabilities(truncate(logits, classes, kept), classes);
        for (const [i, row] of probabilities(logits, classes).entries()) {
          const order = row.map((_, c) => c).sort((a, b) => row[b]! - row[a]!);
          const lost = order.slice(kept).reduce((sum, c) => sum + row[c]!, 0);
          // As sorted values: of equal probabilities either may be kept.
          const expected = order.map((c, rank) => (rank < kept ? row[c]! : lost / (classes - kept)));
          expectNear([after[i]!.toSorted((a, b) => b - a)], [expected]);
        }
      }),
    );
  });

  it('keeps the first of equals', () => {
    const [row] = probabilities(truncate(Float32Array.of(0, 1, 1, 1), 4, 2), 4);
    const e = Math.E / (1 + 3 * Math.E);
    expectNear([row!], [[(1 - 2 * e) / 2, e, e, (1 - 2 * e) / 2]]);
  });

  it('refuses to keep none or all', () => {
    for (const kept of [0, 3, 1.5]) {
      expect(() => truncate(new Float32Array(3), 3, kept)).toThrow(`must be from 1 to 2, not ${kept}`);
    }
  });
});

describe('confidences', () => {
  it('are what the formulas say', () => {
    // Probabilities 0.7, 0.2, 0.1 and three thirds.
    const logits = Float32Array.of(Math.log(7), Math.log(2), 0, 1, 1, 1);
    const entropy = -[0.7, 0.2, 0.1].reduce((sum, p) => sum + p * Math.log(p), 0);
    const expected = { 'max-probability': [0.7, 1 / 3], margin: [0.5, 0], entropy: [1 - entropy / Math.log(3), 0] };
    for (const by of CONFIDENCES) {
      const found = confidences(logits, 3, by);
      for (const [row, value] of expected[by].entries()) expect(found[row], by).toBeCloseTo(value, 6);
    }
  });

  it('are from 0 to 1, and do not fall when the answer is sharpened', () => {
    fc.assert(
      fc.property(given, fc.constantFrom(...CONFIDENCES), ({ logits, classes }, by) => {
        const sharper = confidences(sharpen(logits, 2), classes, by);
        for (const [row, sure] of confidences(logits, classes, by).entries()) {
          expect(sure).toBeGreaterThanOrEqual(0);
          expect(sure).toBeLessThanOrEqual(1);
          expect(sharper[row]).toBeGreaterThanOrEqual(sure - 1e-6);
        }
      }),
    );
  });
});

describe('adjustSoftLabels', () => {
  const nothing: SoftLabelsSpec = { calibrate: false, correct: 0, sharpen: 1, weighting: 'none' };
  const adjusted = (spec: Partial<SoftLabelsSpec>, soft: { logits: Float32Array; labels: Int32Array }) =>
    adjustSoftLabels(soft, soft, { classes: 3, spec: { ...nothing, ...spec } });
  // Sure of all rows, and wrong of the last two.
  const soft = {
    logits: Float32Array.of(9, 1, 0, 0, 8, 1, 7, 0, 1, 9, 2, 0),
    labels: Int32Array.of(0, 1, 1, 2),
  };

  it('changes nothing where nothing is asked for', () => {
    expect(adjusted({}, soft)).toEqual({ logits: soft.logits, calibrated: soft.logits, temperature: 1 });
  });

  it('calibrates on validation rows, by which their likelihood rises', () => {
    const { logits, calibrated, temperature } = adjusted({ calibrate: true }, soft);
    expect(temperature).toBeGreaterThan(1);
    expect(logits).toEqual(calibrated);
    expect(evaluate(logits, soft.labels, 3).nll).toBeLessThan(evaluate(soft.logits, soft.labels, 3).nll);
    const unlabelled = { ...soft, labels: Int32Array.of(-1, -1, -1, -1) };
    expect(adjusted({ calibrate: true }, unlabelled).temperature).toBe(1);
  });

  it('does one after the other in the order of the schema, and leaves what it was given', () => {
    const before = soft.logits.slice();
    const spec = { calibrate: true, correct: 0.6, sharpen: 2, topK: 1, weighting: 'margin' as const };
    const { logits, calibrated, temperature, weights } = adjusted(spec, soft);
    const one = sharpen(soft.logits, 1 / temperature);
    expect(calibrated).toEqual(one);
    expect(logits).toEqual(truncate(sharpen(correct(one, soft.labels, 3, 0.6), 2), 3, 1));
    expect(weights).toEqual(confidences(one, 3, 'margin'));
    expect(soft.logits).toEqual(before);
    // The label is the highest by now, also where the teacher was wrong.
    expect(probabilities(logits, 3).map(highest)).toEqual([...soft.labels]);
  });
});
