import type { EnsembleSpec } from '@retort/contracts';
import { evaluate } from '@retort/learn';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveSpec } from '../spec/resolve-spec.js';
import { type CombineOptions, combineTeachers } from './combine-teachers.js';

const LABELS = ['a', 'b', 'c'];
const NONE = { valid: new Int32Array(), test: new Int32Array() };

/** A spec of raw logits: nothing is calibrated unless a test asks for it. */
const specOf = (ensemble: object): EnsembleSpec =>
  resolveSpec({ ensemble: { calibrate: false, ...ensemble } }).ensemble as EnsembleSpec;
const answers = (logits: number[], labels: readonly string[] = LABELS) => ({
  labels,
  logits: Float32Array.from(logits),
});

/** The combination for rows without labels, as plain numbers. */
function combine(ensemble: object, teachers: CombineOptions['teachers']): number[] {
  const rows = Array.from({ length: teachers[0].logits.length / teachers[0].labels.length }, () => ({}));
  return [...combineTeachers({ teachers, spec: specOf(ensemble), rows, parts: NONE }).logits];
}

/** The arithmetic does not change from draw to draw. */
const FEW = { numRuns: 40 };

const probabilities = (logits: number[]) => {
  const high = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - high));
  return powers.map((power) => power / powers.reduce((sum, each) => sum + each, 0));
};
const closeTo = (values: number[], digits = 5) => values.map((value) => expect.closeTo(value, digits));

const first = answers([2, 0.5, -1]);
const second = answers([-0.5, 1.5, 0.25]);
const third = answers([1.5, 0, 0]);

describe('combining teachers: values from the formulas in double precision, by another program', () => {
  it.each([
    [{ weights: [2, 1] }, [-0.5879603207827927, -1.0461196914450346, -2.3725499568181565]],
    [{ weights: [2, 1], combine: 'logits' }, [-0.636738326095937, -0.9700716594292703, -2.3867383260959367]],
    [{ weighting: { by: 'confidence', sharpness: 4 } }, [-0.6997848900523552, -0.9257281240148205, -2.234318553006766]],
    [
      { weighting: { by: 'confidence', measure: 'entropy', sharpness: 4 } },
      [-0.6061772712125126, -1.0245249423814713, -2.3475707655087166],
    ],
    [
      { weighting: { by: 'route' }, routes: [['b'], ['a', 'c']] },
      [-1.7154441772503766, -0.8225677562829526, -0.9654441772503766],
    ],
  ])('two teachers with %o', (ensemble, expected) => {
    expect(combine(ensemble, [first, second])).toEqual(closeTo(expected, 6));
  });

  it('three teachers by agreement', () => {
    const ensemble = { weighting: { by: 'agreement', sharpness: 4 } };
    const expected = [-0.43291245912585036, -1.466096213352599, -2.1156250550290814];
    expect(combine(ensemble, [first, second, third])).toEqual(closeTo(expected, 6));
  });

  it('a teacher of other labels: two map onto one, one is dropped, and one of ours is unknown to it', () => {
    const other = answers([1, -0.5, 0.75, 3], ['x', 'y', 'z', 'w']);
    const ensemble = { labelMaps: [null, { x: 'a', y: 'a', z: 'c', w: null }] };
    const expected = [-0.43891267869802997, -1.7413112966571571, -1.714951043030274];
    expect(combine(ensemble, [first, other])).toEqual(closeTo(expected, 6));
  });
});

const logit = fc.double({ min: -30, max: 30, noNaN: true });
const rowOf = (length: number) => fc.array(logit, { minLength: length, maxLength: length });
const teachers = fc
  .integer({ min: 3, max: 5 })
  .chain((count) => fc.array(rowOf(LABELS.length), { minLength: count, maxLength: count }));
const weighting = fc.constantFrom(
  { by: 'fixed' },
  { by: 'confidence' },
  { by: 'confidence', measure: 'entropy', sharpness: 50 },
  { by: 'skill' },
  { by: 'agreement' },
);
const rule = fc.record({ combine: fc.constantFrom('probabilities', 'logits'), weighting });
const weight = fc.double({ min: 0.1, max: 10, noNaN: true });

describe('whatever the rule', () => {
  it('gives log-probabilities that sum to 1', () => {
    fc.assert(
      fc.property(rule, teachers, (ensemble, logits) => {
        const combined = combine(
          ensemble,
          logits.map((row) => answers(row)),
        );
        expect(combined.reduce((sum, value) => sum + Math.exp(value), 0)).toBeCloseTo(1, 5);
      }),
      FEW,
    );
  });

  it('one teacher, or several that say the same, are that teacher: weights sum to 1', () => {
    fc.assert(
      fc.property(rule, rowOf(LABELS.length), fc.integer({ min: 1, max: 4 }), (ensemble, logits, count) => {
        const combined = combine(
          ensemble,
          Array.from({ length: count }, () => answers(logits)),
        );
        expect(probabilities(combined)).toEqual(closeTo(probabilities([...answers(logits).logits])));
      }),
      FEW,
    );
  });

  it('does not depend on the order of the teachers', () => {
    fc.assert(
      fc.property(
        rule,
        teachers,
        fc.array(weight, { minLength: 5, maxLength: 5 }),
        fc.nat(),
        (ensemble, logits, drawn, shift) => {
          const order = logits.map((_, k) => (k + shift) % logits.length).reverse();
          const weights = drawn.slice(0, logits.length);
          const combined = combine(
            { ...ensemble, weights },
            logits.map((row) => answers(row)),
          );
          const turned = combine(
            { ...ensemble, weights: order.map((k) => weights[k]) },
            order.map((k) => answers(logits[k])),
          );
          expect(probabilities(turned)).toEqual(closeTo(probabilities(combined)));
        },
      ),
      FEW,
    );
  });

  it('does not listen to a teacher of weight 0', () => {
    fc.assert(
      fc.property(rule, teachers, (ensemble, logits) => {
        const weights = logits.map((_, k) => (k === 1 ? 1 : 0));
        const combined = combine(
          { ...ensemble, weights },
          logits.map((row) => answers(row)),
        );
        expect(probabilities(combined)).toEqual(closeTo(probabilities([...answers(logits[1]).logits])));
      }),
      FEW,
    );
  });
});

describe('label maps', () => {
  it('add up what maps onto one label, and share out what is dropped', () => {
    fc.assert(
      fc.property(
        rowOf(5),
        fc.array(fc.constantFrom('a', 'b', 'c', null), { minLength: 2, maxLength: 2 }),
        (logits, ends) => {
          const theirs = ['a', 'b', 'c', 'd', 'e'];
          const map = { d: ends[0], e: ends[1] };
          const combined = combine({ labels: LABELS, labelMaps: [map] }, [answers(logits, theirs)]);
          const p = probabilities([...answers(logits).logits]);
          const sums = LABELS.map((label, c) => p[c] + (map.d === label ? p[3] : 0) + (map.e === label ? p[4] : 0));
          const kept = sums.reduce((sum, value) => sum + value, 0);
          expect(probabilities(combined)).toEqual(closeTo(sums.map((value) => value / kept)));
        },
      ),
      FEW,
    );
  });

  it('a teacher that knows some labels moves nothing between those and the others', () => {
    fc.assert(
      fc.property(teachers, rowOf(2), fc.constantFrom({ by: 'fixed' }, { by: 'confidence' }), (logits, part, by) => {
        const complete = logits.map((row) => answers(row));
        const without = probabilities(combine({ weighting: by }, complete));
        const withIt = probabilities(combine({ weighting: by }, [...complete, answers(part, ['c', 'a'])]));
        expect(withIt[1]).toBeCloseTo(without[1], 5);
        expect(withIt[0] + withIt[2]).toBeCloseTo(without[0] + without[2], 5);
      }),
      FEW,
    );
  });
});

describe('on labelled rows', () => {
  /** Rows in turn of the labels a, b, c, d. Each teacher knows its own two, and is surer still where it is wrong of the others. */
  const labels = ['a', 'b', 'c', 'd'];
  const rows = Array.from({ length: 120 }, (_, i) => ({ label: labels[i % 4] }));
  const expert = (own: number[]) =>
    answers(
      rows.flatMap((_, i) => {
        const label = i % 4;
        const wrong = !own.includes(label) && Math.floor(i / 4) % 2 === 0;
        // The partner of a label is the other one of its pair.
        return labels.map((_, c) => (c === (wrong ? label ^ 1 : label) ? (wrong ? 3 : 2.5) : 0));
      }),
      labels,
    );
  const experts = [expert([0, 1]), expert([2, 3])];
  const indexes = Int32Array.from(rows, (_, i) => i);
  const parts = { valid: indexes.filter((i) => i < 80), test: indexes.filter((i) => i >= 80) };
  const run = (ensemble: object) => combineTeachers({ teachers: experts, spec: specOf(ensemble), rows, parts });
  const accuracyOf = ({ logits }: ReturnType<typeof run>) =>
    evaluate(
      logits.subarray(80 * 4),
      Int32Array.from(parts.test, (i) => i % 4),
      4,
    ).accuracy;

  it('skill per class makes of two half experts one that is right, where a plain mean does not', () => {
    const skilled = run({ weighting: { by: 'skill' } });
    expect(skilled.teachers.map(({ accuracy }) => accuracy)).toEqual([0.75, 0.75]);
    expect(accuracyOf(skilled)).toBe(1);
    expect(accuracyOf(run({ combine: 'logits', weighting: { by: 'skill' } }))).toBe(1);
    // The mean follows whoever is surer: it is wrong wherever one of them is.
    expect(accuracyOf(run({}))).toBe(0.5);
  });

  it('routes let each decide within its labels', () => {
    const routes = [
      ['a', 'b'],
      ['c', 'd'],
    ];
    expect(accuracyOf(run({ weighting: { by: 'route' }, routes }))).toBe(1);
  });

  it('calibration makes teachers of different scales say the same, and leaves softness to one that is always right', () => {
    const [one] = experts;
    const loud = { labels, logits: one.logits.map((z) => 8 * z) };
    const { teachers: measured } = combineTeachers({
      teachers: [one, loud],
      spec: specOf({ calibrate: true }),
      rows,
      parts,
    });
    expect(measured[1].temperature / measured[0].temperature).toBeCloseTo(8, 3);
    const right = answers(
      rows.flatMap((_, i) => labels.map((_, c) => (c === i % 4 ? 4 : 0))),
      labels,
    );
    const sure = combineTeachers({ teachers: [right, right], spec: specOf({ calibrate: true }), rows, parts });
    // 80 validation rows and the two imagined ones: 81 right of 82.
    const [top] = probabilities([...sure.logits.subarray(0, 4)]);
    expect(top).toBeCloseTo(81 / 82, 5);
  });
});

it('is refused where labels and maps do not fit', () => {
  const strange = answers([0, 1], ['a', 'z']);
  expect(() => combine({}, [first, strange])).toThrow(/labelMaps\/1: must say what becomes of .*"z"/);
});
