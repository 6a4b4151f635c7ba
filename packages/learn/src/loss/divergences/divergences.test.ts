import { DIVERGENCES, type DivergenceName } from '@retort/contracts';
import { floatScalar, floats, GraphBuilder, gradient, int64s, writeModel } from '@retort/onnx';
import { openSession } from '@retort/runtime';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differences, type LossBatch, lossInDoubles } from '../../../../../test/support/loss-in-doubles.ts';
import { LOSS, type LossOptions } from '../loss-options.js';
import type { LossFactors } from '../loss-schedule.js';
import { withLoss } from '../with-loss.js';

/** Loss and its gradient by the student's logits, as the training graph has them; with `factors`, those are fed. */
async function inGraph(loss: LossOptions, { z, t, labels, weights }: LossBatch, factors?: LossFactors) {
  const [rows, classes] = [z.length, z[0]!.length];
  const b = new GraphBuilder();
  b.input('z', 'float32', ['batch', classes]);
  b.output(b.add('Identity', ['z'], { outputs: ['logits'] }), 'float32', ['batch', classes]);
  const { model, gradients } = gradient(withLoss(b.build(), loss, { teacher: true, weighted: weights !== undefined }), {
    loss: LOSS.output,
    wrt: ['z'],
  });
  const session = await openSession(writeModel(model), { placement: 'inline' });
  const outputs = await session.run({
    z: floats([rows, classes], z.flat()),
    [LOSS.labels]: int64s([rows], labels),
    [LOSS.teacherLogits]: floats([rows, classes], t.flat()),
    ...(weights && { [LOSS.rowWeights]: floats([rows], weights) }),
    ...(factors && {
      [LOSS.lambda]: floatScalar(factors.lambda),
      [LOSS.temperature]: floatScalar(factors.temperature),
    }),
  });
  await session.close();
  const found = gradients.get('z')!;
  if (found.kind !== 'dense') throw new Error('The gradient of logits is dense.');
  expect(outputs[LOSS.output]!.dims).toEqual([]);
  return {
    loss: (outputs[LOSS.output]!.data as Float32Array)[0]!,
    gradient: [...(outputs[found.output]!.data as Float32Array)],
  };
}

/** Only the divergence, of a row. */
const alone = (divergence: DivergenceName, temperature: number): LossOptions => ({
  ...{ lambda: 0, temperature, divergence },
  ...{ dkd: { beta: 8 }, dist: { inter: 1, intra: 1 } },
});

const near = (found: number, expected: number, tolerance: number) =>
  Math.abs(found - expected) <= tolerance * Math.max(1, Math.abs(expected));

const unit = fc.double({ min: 0, max: 1, noNaN: true });
const between = (low: number, high: number) => unit.map((share) => low + share * (high - low));
/** Exact in float32 too, so that no difference of two is lost in it. */
const logit = fc.integer({ min: -48, max: 48 }).map((sixteenths) => sixteenths / 16);
const rowsOf = (value: fc.Arbitrary<number>, rows: number, classes: number) =>
  fc.array(fc.array(value, { minLength: classes, maxLength: classes }), { minLength: rows, maxLength: rows });

const batch = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 2, max: 6 })).chain(([rows, classes]) =>
  fc.record({
    z: rowsOf(logit, rows, classes),
    t: rowsOf(logit, rows, classes),
    labels: fc.array(fc.integer({ min: -1, max: classes - 1 }), { minLength: rows, maxLength: rows }),
    weights: fc.option(fc.array(between(0.1, 2), { minLength: rows, maxLength: rows }), { nil: undefined }),
  }),
);

describe('a loss of each divergence', () => {
  it.each(DIVERGENCES)('%s: is that of plain doubles, its gradient their differences', async (divergence) => {
    const loss = fc.record({
      lambda: fc.oneof(fc.constantFrom(0, 1), unit),
      temperature: between(0.5, 10),
      labelSmoothing: fc.constantFrom(0, 0.1),
      dkd: fc.record({ beta: between(0, 10) }),
      dist: fc.record({ inter: between(0, 2), intra: between(0, 2) }),
    });
    await fc.assert(
      fc.asyncProperty(batch, loss, fc.boolean(), async (given, options, scheduled) => {
        const { lambda, temperature } = options;
        const stages = [{ until: 1 }];
        const schedule = scheduled ? { schedule: { interpolation: 'step' as const, stages } } : {};
        const built = { ...options, divergence, ...schedule };
        const found = await inGraph(built, given, scheduled ? { lambda, temperature } : undefined);
        const expected = (z: number[][]) => lossInDoubles(built, { ...given, z });
        expect(near(found.loss, expected(given.z), 1e-3), `${found.loss}, not ${expected(given.z)}`).toBe(true);
        for (const [i, slope] of differences(expected, given.z).entries()) {
          expect(near(found.gradient[i]!, slope, 2e-3), `z ${i}: ${found.gradient[i]}, not ${slope}`).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });

  it.each(DIVERGENCES)(
    '%s: has a gradient of about one size for every T where logits are small',
    async (divergence) => {
      const small = (rows: number[][]) => rows.map((row) => row.map((value) => 0.1 * value));
      const given = {
        z: small([
          [1, -2, 0.5],
          [0, 1, 2],
          [-1.5, 0.5, -1],
        ]),
        t: small([
          [2, 1, -1],
          [1, -1, 3],
          [-2, 0.5, 0.5],
        ]),
        labels: [0, -1, 2],
      };
      const [cold, hot] = [await inGraph(alone(divergence, 1), given), await inGraph(alone(divergence, 8), given)];
      const norm = (values: number[]) => Math.hypot(...values);
      expect(norm(hot.gradient) / norm(cold.gradient)).toBeGreaterThan(0.9);
      expect(norm(hot.gradient) / norm(cold.gradient)).toBeLessThan(1.1);
    },
  );

  it.each(DIVERGENCES)(
    '%s: is least where student and teacher agree, and finite where they are far apart',
    async (divergence) => {
      const t = [
        [2, -1, 0.5],
        [0, 1, -3],
      ];
      const agreeing = await inGraph(alone(divergence, 2), { z: t, t, labels: [0, -1] });
      expect(agreeing.loss).toBeCloseTo(0, 4);
      for (const slope of agreeing.gradient) expect(slope).toBeCloseTo(0, 4);
      const far = {
        z: [
          [1000, -1000, 0],
          [-1000, 0, 1000],
        ],
        t: [
          [-1000, 1000, 0],
          [-1000, 0, 1000],
        ],
        labels: [2, -1],
      };
      const { loss, gradient: slopes } = await inGraph(alone(divergence, 1), far);
      expect([loss, ...slopes].every(Number.isFinite)).toBe(true);
    },
  );
});

describe('divergences among each other', () => {
  const [x, y] = [
    [1.5, -0.5, 0.25, -2],
    [-1, 2, 0.5, 0],
  ];
  const of = async (divergence: DivergenceName, z: number[], t: number[], changes: Partial<LossOptions> = {}) =>
    (await inGraph({ ...alone(divergence, 2), ...changes }, { z: [z], t: [t], labels: [1] })).loss;

  it('the reverse KL is the forward one with the two swapped, and Jensen-Shannon symmetric and bounded', async () => {
    expect(await of('reverse-kl', x, y)).toBeCloseTo(await of('forward-kl', y, x), 5);
    expect(await of('jensen-shannon', x, y)).toBeCloseTo(await of('jensen-shannon', y, x), 5);
    expect(await of('jensen-shannon', [100, 0, 0, 0], [0, 100, 0, 0])).toBeCloseTo(4 * Math.LN2, 4);
  });

  it('KL is the parts of DKD, the second weighed by what the teacher leaves to the other classes', async () => {
    const parts = await Promise.all([0, 1].map((beta) => of('dkd', x, y, { dkd: { beta } })));
    const powers = y.map((logit) => Math.exp(logit / 2));
    const left = 1 - powers[1]! / powers.reduce((sum, power) => sum + power);
    expect(parts[0]! + left * (parts[1]! - parts[0]!)).toBeCloseTo(await of('forward-kl', x, y), 5);
  });

  it('logit MSE is T²·KL for a high T, whatever is added to all logits of a row', async () => {
    const given = { z: [x], t: [y], labels: [-1] };
    const high = await inGraph(alone('forward-kl', 100), given);
    const found = await inGraph(alone('logit-mse', 1), given);
    const shifted = await inGraph(alone('logit-mse', 1), { ...given, t: [y.map((logit) => logit - 7)] });
    for (const [c, slope] of found.gradient.entries()) {
      expect(slope).toBeCloseTo(high.gradient[c]!, 2);
      expect(shifted.gradient[c]).toBeCloseTo(slope, 5);
    }
  });

  it('DIST knows no scale of the logits where T is high, and of a single row only that row', async () => {
    const hot = { temperature: 50 };
    expect(await of('dist', x, y, hot)).toBeCloseTo(
      await of(
        'dist',
        x.map((logit) => 3 * logit),
        y,
        hot,
      ),
      1,
    );
    // One row has no correlation over rows: that part is 1 and teaches nothing.
    const inter = await of('dist', x, y, { dist: { inter: 1, intra: 0 } });
    expect(await of('dist', x, y)).toBeCloseTo(inter + 1, 4);
  });

  it('a row of no weight teaches nothing, by whatever divergence', async () => {
    for (const divergence of DIVERGENCES) {
      const loss = { ...alone(divergence, 2), lambda: 0.5 };
      const weighted = (z: number[], label: number) => ({
        ...{ z: [x, z, y], t: [y, x, x], labels: [0, label, 1], weights: [1, 0, 2] },
      });
      const [one, other] = [await inGraph(loss, weighted(y, 2)), await inGraph(loss, weighted([9, 0, 0, 1], 0))];
      expect(other.loss, divergence).toBeCloseTo(one.loss, 5);
      for (const [i, slope] of one.gradient.entries()) expect(other.gradient[i], divergence).toBeCloseTo(slope, 5);
    }
  });
});
