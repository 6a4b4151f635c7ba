import { DIVERGENCES } from '@retort/contracts';
import { floatScalar, floats, GraphBuilder, int64s, type Tensor, writeModel } from '@retort/onnx';
import { openSession } from '@retort/runtime';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differences, type LossBatch, lossInDoubles } from '../../../../test/support/loss-in-doubles.ts';
import type { FeatureTerm } from '../feature-loss/feature-terms.js';
import { LOSS, type LossOptions } from '../loss/loss-options.js';
import { EMBEDDING_TAP } from '../students/student-taps.js';
import { trainingGraph } from '../training/training-graph.js';
import { type Mixing, mixingInputs } from './mixing.js';

const WIDTH = 3;
const CLASSES = 4;

/** A student in small, h the vectors of its texts: h = x ⊙ scale, logits = tanh(h)·kernel. */
interface Small {
  x: number[][];
  scale: number[];
  kernel: number[][];
}

type Batch = Omit<LossBatch, 'z'> & Small;

function modelOf({ scale, kernel }: Small) {
  const b = new GraphBuilder();
  b.input('x', 'float32', ['batch', WIDTH]);
  b.initializer('scale', floats([1, WIDTH], scale));
  b.initializer('kernel', floats([WIDTH, CLASSES], kernel.flat()));
  b.add('Mul', ['x', 'scale'], { outputs: [EMBEDDING_TAP] });
  b.add('MatMul', [b.add('Tanh', [EMBEDDING_TAP]), 'kernel'], { outputs: ['logits'] });
  b.output('logits', 'float32', ['batch', CLASSES]);
  return { model: b.build(), trainable: ['scale', 'kernel'] };
}

/** The mixed loss by its definition, in doubles. */
function inDoubles(loss: LossOptions, given: Batch, { share, partners }: Mixing): number {
  const { x, scale, kernel, t, labels, weights } = given;
  const h = x.map((row) => row.map((value, i) => value * scale[i]!));
  const z = h.map((row, at) => {
    const other = h[partners[at]!]!;
    const mixed = row.map((value, i) => Math.tanh(share * value + (1 - share) * other[i]!));
    return kernel[0]!.map((_, c) => mixed.reduce((sum, value, i) => sum + value * kernel[i]![c]!, 0));
  });
  const partner = <T>(values: T[]) => values.map((_, at) => values[partners[at]!]!);
  const others = { t: partner(t), labels: partner(labels), weights: weights && partner(weights) };
  return share * lossInDoubles(loss, { z, t, labels, weights }) + (1 - share) * lossInDoubles(loss, { z, ...others });
}

interface InGraphOptions {
  mixing?: Mixing;
  features?: FeatureTerm[];
  targets?: Record<string, Tensor>;
}

/** Loss and gradients, by scale and then by kernel, of the graph that a step runs. */
async function inGraph(loss: LossOptions, given: Batch, { mixing, features, targets }: InGraphOptions = {}) {
  const { x, scale, kernel, t, labels, weights } = given;
  const rows = x.length;
  const { model, gradients } = trainingGraph(modelOf(given), loss, {
    ...{ teacher: true, weighted: weights !== undefined, seed: 1 },
    ...{ mixup: mixing !== undefined, features },
  });
  const session = await openSession(writeModel(model), { placement: 'inline' });
  const results = await session.run({
    x: floats([rows, WIDTH], x.flat()),
    scale: floats([1, WIDTH], scale),
    kernel: floats([WIDTH, CLASSES], kernel.flat()),
    [LOSS.labels]: int64s([rows], labels),
    [LOSS.teacherLogits]: floats([rows, CLASSES], t.flat()),
    ...(weights && { [LOSS.rowWeights]: floats([rows], weights) }),
    ...(loss.schedule && {
      [LOSS.lambda]: floatScalar(loss.lambda),
      [LOSS.temperature]: floatScalar(loss.temperature),
    }),
    ...(mixing && mixingInputs(mixing)),
    ...targets,
  });
  await session.close();
  expect(results[LOSS.output]!.dims).toEqual([]);
  const gradientOf = (name: string) => {
    const found = gradients.get(name)!;
    if (found.kind !== 'dense') throw new Error('The gradient of a matrix is dense.');
    return [...(results[found.output]!.data as Float32Array)];
  };
  return {
    loss: (results[LOSS.output]!.data as Float32Array)[0]!,
    gradient: [...gradientOf('scale'), ...gradientOf('kernel')],
  };
}

/** Of a function of scale and kernel. */
const slopesOf = (f: (small: Pick<Small, 'scale' | 'kernel'>) => number, { scale, kernel }: Small) =>
  differences(([first, ...rest]) => f({ scale: first!, kernel: rest }), [scale, ...kernel]);

const near = (found: number, expected: number, tolerance: number) =>
  Math.abs(found - expected) <= tolerance * Math.max(1, Math.abs(expected));

/** Exact in float32 too. */
const number = fc.integer({ min: -32, max: 32 }).map((sixteenths) => sixteenths / 16);
const matrix = (rows: number, columns: number) =>
  fc.array(fc.array(number, { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows });
const batch = fc.integer({ min: 1, max: 5 }).chain((rows) =>
  fc.record({
    x: matrix(rows, WIDTH),
    scale: fc.array(number, { minLength: WIDTH, maxLength: WIDTH }),
    kernel: matrix(WIDTH, CLASSES),
    t: matrix(rows, CLASSES),
    labels: fc.array(fc.integer({ min: -1, max: CLASSES - 1 }), { minLength: rows, maxLength: rows }),
    weights: fc.option(
      fc.array(
        fc.integer({ min: 1, max: 8 }).map((quarters) => quarters / 4),
        { minLength: rows, maxLength: rows },
      ),
      { nil: undefined },
    ),
    share: fc.integer({ min: 0, max: 16 }).map((sixteenths) => sixteenths / 16),
    partners: fc
      .shuffledSubarray(
        Array.from({ length: rows }, (_, row) => row),
        { minLength: rows },
      )
      .map((order) => Int32Array.from(order)),
  }),
);

/** A batch that is no edge of anything; its third row has no label. */
const GIVEN: Batch = {
  x: [
    [1, -0.5, 2],
    [0.25, 1.5, -1],
    [-1, 0.75, 0.5],
  ],
  scale: [0.5, 1, -0.75],
  kernel: [
    [1, -0.5, 0.25, 0],
    [0.5, 1, -1, 0.75],
    [-0.25, 0.5, 1, -1],
  ],
  t: [
    [2, 0, -1, 1],
    [0, 1.5, 0.5, -1],
    [-1, 0, 2, 0.5],
  ],
  labels: [0, 1, -1],
};
const MIXING: Mixing = { share: 0.625, partners: Int32Array.of(2, 0, 1) };

describe('the loss of mixed vectors', () => {
  it.each(DIVERGENCES)('%s: is that of plain doubles, its gradient their differences', async (divergence) => {
    await fc.assert(
      fc.asyncProperty(batch, fc.boolean(), fc.constantFrom(0, 0.3, 1), async (drawn, scheduled, lambda) => {
        const { share, partners, ...given } = drawn;
        const loss: LossOptions = {
          ...{ lambda, temperature: 2, labelSmoothing: 0.1, divergence },
          ...{ dkd: { beta: 4 }, dist: { inter: 1, intra: 1 } },
          ...(scheduled && { schedule: { interpolation: 'step', stages: [{ until: 1 }] } }),
        };
        const found = await inGraph(loss, given, { mixing: { share, partners } });
        const expected = (small: Pick<Small, 'scale' | 'kernel'>) =>
          inDoubles(loss, { ...given, ...small }, { share, partners });
        expect(near(found.loss, expected(given), 1e-3), `${found.loss}, not ${expected(given)}`).toBe(true);
        for (const [i, slope] of slopesOf(expected, given).entries()) {
          expect(near(found.gradient[i]!, slope, 3e-3), `${i}: ${found.gradient[i]}, not ${slope}`).toBe(true);
        }
      }),
      { numRuns: 4 },
    );
  });

  it('is the unmixed one where every row keeps all of itself', async () => {
    for (const divergence of DIVERGENCES) {
      const loss = { lambda: 0.3, temperature: 2, divergence };
      const unmixed = await inGraph(loss, GIVEN);
      const mixed = await inGraph(loss, GIVEN, { mixing: { ...MIXING, share: 1 } });
      expect(mixed.loss, divergence).toBeCloseTo(unmixed.loss, 6);
      for (const [i, slope] of unmixed.gradient.entries()) expect(mixed.gradient[i], divergence).toBeCloseTo(slope, 6);
    }
  });

  it('is by CE the one against mixed labels, and has by KL the gradient against mixed distributions', async () => {
    const { share, partners } = MIXING;
    const softmax = (logits: number[]) => {
      const powers = logits.map(Math.exp);
      return powers.map((power) => power / powers.reduce((sum, value) => sum + value));
    };
    const mixtures = (rows: number[][]) =>
      rows.map((row, at) => row.map((value, i) => share * value + (1 - share) * rows[partners[at]!]![i]!));
    /** Σ target·log(softmax(z)) over rows and classes, of the mixed vectors. */
    const logLikelihood = (targets: number[][], { scale, kernel }: Pick<Small, 'scale' | 'kernel'>) =>
      mixtures(GIVEN.x.map((row) => row.map((value, i) => value * scale[i]!))).reduce((sum, vector, at) => {
        const z = kernel[0]!.map((_, c) =>
          vector.reduce((dot, value, i) => dot + Math.tanh(value) * kernel[i]![c]!, 0),
        );
        return sum + softmax(z).reduce((row, q, c) => row + targets[at]![c]! * Math.log(q), 0);
      }, 0);
    const oneHot = GIVEN.labels.map((label) => Array.from({ length: CLASSES }, (_, c) => (c === label ? 1 : 0)));
    const labelsOnly = await inGraph({ lambda: 1, temperature: 1 }, GIVEN, { mixing: MIXING });
    expect(labelsOnly.loss).toBeCloseTo(-logLikelihood(mixtures(oneHot), GIVEN) / 3, 5);
    const teacherOnly = await inGraph({ lambda: 0, temperature: 1 }, GIVEN, { mixing: MIXING });
    const targets = mixtures(GIVEN.t.map(softmax));
    for (const [i, slope] of slopesOf((small) => -logLikelihood(targets, small) / 3, GIVEN).entries()) {
      expect(teacherOnly.gradient[i]).toBeCloseTo(slope, 4);
    }
  });

  it('leaves what a feature loss compares unmixed', async () => {
    const term: FeatureTerm = {
      ...{ kind: 'embedding', distance: 'mse', projection: 'kernel', weight: 3 },
      ...{ student: { name: EMBEDDING_TAP, width: WIDTH }, teacher: { name: 'vectors', width: CLASSES } },
    };
    const targets = { vectors: floats([3, CLASSES], GIVEN.t.flat()) };
    const loss = { lambda: 0.3, temperature: 2 };
    const shareOf = async (mixing?: Mixing) => {
      const [whole, answers] = [
        await inGraph(loss, GIVEN, { mixing, features: [term], targets }),
        await inGraph(loss, GIVEN, { mixing }),
      ];
      return [whole.loss - answers.loss, ...whole.gradient.map((slope, i) => slope - answers.gradient[i]!)];
    };
    const unmixed = await shareOf();
    expect(unmixed[0]).toBeGreaterThan(0.1);
    for (const [i, value] of (await shareOf(MIXING)).entries()) expect(value).toBeCloseTo(unmixed[i]!, 4);
  });

  it('is refused for a model that has no vector of the whole text', () => {
    const { model, trainable } = modelOf(GIVEN);
    const nodes = model.graph.nodes.map((node) => {
      const renamed = (names: string[]) => names.map((name) => (name === EMBEDDING_TAP ? 'h' : name));
      return { ...node, inputs: renamed(node.inputs), outputs: renamed(node.outputs) };
    });
    const without = { model: { ...model, graph: { ...model.graph, nodes } }, trainable };
    const options = { teacher: false, mixup: true, seed: 1 };
    expect(() => trainingGraph(without, { lambda: 1, temperature: 1 }, options)).toThrow(
      'training.mixup mixes the value "text_embedding"',
    );
  });
});
