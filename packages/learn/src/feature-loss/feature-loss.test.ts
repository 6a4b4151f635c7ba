import { floatScalar, floats, GraphBuilder, gradient, int64s, type Model, type Tensor, writeModel } from '@retort/onnx';
import { openSession } from '@retort/runtime';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Arrays, type FeatureCase, referenceLoss } from '../../../../test/support/feature-reference.ts';
import type { FeatureTerm } from './feature-terms.js';
import { withFeatureLoss } from './with-feature-loss.js';

/** A graph whose answers' loss is a scalar input, and whose student values are inputs. */
function baseGraph(given: Record<string, { dims: number[] }>): Model {
  const b = new GraphBuilder();
  b.input('attention_mask', 'int64', ['batch', 'tokens']);
  b.input('answers', 'float32', []);
  for (const [name, { dims }] of Object.entries(given)) b.input(name, 'float32', dims);
  b.output(b.add('Identity', ['answers'], { outputs: ['loss'] }), 'float32', []);
  return b.build();
}

/** Loss and gradients of one term. What the student has comes by `student`, `left`, `right`, `projection`; the rest is the teacher's. */
async function evaluate(term: FeatureTerm, tested: FeatureCase, answers = 0) {
  const { batch, tokens, lengths, arrays, own } = tested;
  const ofStudent = Object.fromEntries(Object.entries(arrays).filter(([name]) => own.includes(name)));
  const { model, gradients } = gradient(withFeatureLoss(baseGraph(ofStudent), [term]), { loss: 'loss', wrt: own });
  const session = await openSession(writeModel(model), { placement: 'inline' });
  const mask = lengths.flatMap((length) => Array.from({ length: tokens }, (_, t) => (t < length ? 1 : 0)));
  const feeds: Record<string, Tensor> = { answers: floatScalar(answers) };
  for (const [name, { dims, data }] of Object.entries(arrays)) feeds[name] = floats(dims, data);
  if (model.graph.inputs.some(({ name }) => name === 'attention_mask')) {
    feeds.attention_mask = int64s([batch, tokens], mask);
  }
  const results = await session.run(feeds);
  await session.close();
  const found = Object.fromEntries(
    [...gradients].map(([name, where]) => {
      if (where.kind !== 'dense') throw new Error(`The gradient of ${name} came as rows.`);
      return [name, results[where.output].data as Float32Array];
    }),
  );
  return { loss: (results.loss.data as Float32Array)[0], gradients: found };
}

/** Holds loss and gradients of a term against the reference, and its central differences, in doubles. */
async function expectReference(term: FeatureTerm, tested: FeatureCase): Promise<void> {
  const { loss, gradients } = await evaluate(term, tested);
  const reference = (arrays: Arrays) => term.weight * referenceLoss(term, { ...tested, arrays });
  const expected = reference(tested.arrays);
  expect(Math.abs(loss - expected)).toBeLessThan(1e-5 * Math.max(1, expected));
  const step = 1e-5;
  for (const [name, found] of Object.entries(gradients)) {
    const { dims, data } = tested.arrays[name];
    for (let i = 0; i < data.length; i++) {
      const at = (value: number) => reference({ ...tested.arrays, [name]: { dims, data: data.with(i, value) } });
      const numeric = (at(data[i] + step) - at(data[i] - step)) / (2 * step);
      expect(Math.abs(found[i] - numeric), `${name}[${i}]`).toBeLessThan(2e-4 * Math.max(1, Math.abs(numeric)));
    }
  }
}

const RUNS = { numRuns: 8 };
const weight = fc.constantFrom(1, 0.3);
/** Texts of different lengths, one perhaps without any token, padded further than the longest needs. */
const shape = fc.record({
  lengths: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
  padding: fc.integer({ min: 0, max: 2 }),
  seed: fc.integer({ min: 1, max: 1e6 }),
});
type Shape = { lengths: number[]; padding: number; seed: number };

/** Values between -1.5 and 1.5, padding included: what stands there must not matter. Maps are distributions where there are keys. */
function caseOf(
  { lengths, padding, seed }: Shape,
  dimsOf: (batch: number, tokens: number) => Record<string, number[]>,
  own: string[],
): FeatureCase {
  const [batch, tokens] = [lengths.length, Math.max(1, ...lengths) + padding];
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const arrays: Arrays = {};
  for (const [name, dims] of Object.entries(dimsOf(batch, tokens))) {
    const count = dims.reduce((product, extent) => product * extent, 1);
    // float32 values, so that the doubles of the reference start from the same.
    arrays[name] = { dims, data: Array.from({ length: count }, () => Math.fround(3 * random() - 1.5)) };
  }
  return { batch, tokens, lengths, arrays, own };
}

describe('the loss of projected vectors', () => {
  it.each(['hidden', 'embedding'] as const)('is that of the reference, with its gradients: %s', async (kind) => {
    const widths = fc.record({ s: fc.integer({ min: 1, max: 4 }), t: fc.integer({ min: 1, max: 4 }) });
    const distance = fc.constantFrom('mse' as const, 'cosine' as const);
    await fc.assert(
      fc.asyncProperty(shape, widths, distance, weight, async (sizes, { s, t }, measure, factor) => {
        const tested = caseOf(
          sizes,
          (batch, tokens) =>
            kind === 'hidden'
              ? { student: [batch * tokens, s], teacher: [batch, tokens, t], projection: [s, t] }
              : { student: [batch, s], teacher: [batch, t], projection: [s, t] },
          ['student', 'projection'],
        );
        const tensors = { student: { name: 'student', width: s }, teacher: { name: 'teacher', width: t } };
        await expectReference(
          { kind, ...tensors, distance: measure, projection: 'projection', weight: factor },
          tested,
        );
      }),
      RUNS,
    );
  });
});

it('counts each row by its weight, as the loss of the answers does', async () => {
  const [batch, s, t] = [3, 2, 4];
  const weights = [0, 0.5, 2.5];
  const sizes = { lengths: [1, 1, 1], padding: 0, seed: 5 };
  const { arrays } = caseOf(sizes, () => ({ student: [batch, s], teacher: [batch, t], projection: [s, t] }), []);
  const tensors = { student: { name: 'student', width: s }, teacher: { name: 'teacher', width: t } };
  const term = { ...tensors, kind: 'embedding', distance: 'mse', projection: 'projection', weight: 1 } as const;
  const base = baseGraph({ student: { dims: [batch, s] }, projection: { dims: [s, t] } });
  base.graph.inputs.push({
    ...base.graph.inputs.find(({ name }) => name === 'student')!,
    name: 'row_weights',
    shape: ['batch'],
  });
  const session = await openSession(writeModel(withFeatureLoss(base, [term])), { placement: 'inline' });
  const feeds: Record<string, Tensor> = {
    answers: floatScalar(0),
    row_weights: floats([batch], weights),
    attention_mask: int64s([batch, 1], [1, 1, 1]),
  };
  for (const [name, { dims, data }] of Object.entries(arrays)) feeds[name] = floats(dims, data);
  const loss = ((await session.run(feeds)).loss.data as Float32Array)[0];
  await session.close();
  const rowOf = ({ dims: [, width], data }: Arrays[string], row: number) => ({
    dims: [1, width],
    data: data.slice(row * width, (row + 1) * width),
  });
  const losses = weights.map((_, row) => {
    const own = { ...arrays, student: rowOf(arrays.student, row), teacher: rowOf(arrays.teacher, row) };
    return referenceLoss(term, { batch: 1, tokens: 1, lengths: [1], arrays: own, own: [] });
  });
  const expected = losses.reduce((sum, value, row) => sum + weights[row] * value, 0) / batch;
  expect(loss).toBeCloseTo(expected, 5);
  expect(Math.abs(loss - losses.reduce((sum, value) => sum + value, 0) / batch)).toBeGreaterThan(1e-3);
});

describe('the loss of attention maps', () => {
  it('is that of the reference, with its gradients, also where the numbers of heads differ', async () => {
    const heads = fc.record({ s: fc.integer({ min: 1, max: 3 }), t: fc.integer({ min: 1, max: 3 }) });
    const distance = fc.constantFrom('mse' as const, 'kl' as const);
    await fc.assert(
      fc.asyncProperty(shape, heads, distance, async (sizes, { s, t }, measure) => {
        const tested = caseOf(
          sizes,
          (batch, tokens) => ({ student: [batch, s, tokens, tokens], teacher: [batch, t, tokens, tokens] }),
          ['student'],
        );
        const { student, teacher } = tested.arrays;
        for (const { data } of [student, teacher]) {
          for (const [i, value] of data.entries()) data[i] = Math.fround(0.05 + Math.abs(value) / 2);
        }
        // A student gives padded keys exactly 0; what the teacher's input has there is left out.
        const ofText = s * tested.tokens ** 2;
        for (const i of student.data.keys()) {
          if (i % tested.tokens >= tested.lengths[Math.floor(i / ofText)]) student.data[i] = 0;
        }
        const tensors = { student: { name: 'student', heads: s }, teacher: { name: 'teacher', heads: t } };
        await expectReference({ kind: 'attention', ...tensors, distance: measure, weight: 0.7 }, tested);
      }),
      RUNS,
    );
  });
});

describe('the loss of relations', () => {
  it.each([false, true])('is that of the reference, with its gradients; two operands: %s', async (two) => {
    const sizes = fc.record({
      heads: fc.integer({ min: 1, max: 3 }),
      s: fc.integer({ min: 1, max: 2 }),
      t: fc.integer({ min: 1, max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(shape, sizes, weight, async (texts, { heads, s, t }, factor) => {
        const names = two ? ['left', 'right'] : ['left'];
        const tested = caseOf(
          texts,
          (batch, tokens) =>
            Object.fromEntries(
              names.flatMap((name) => [
                [name, [batch * tokens, heads * s]],
                [`teacher_${name}`, [batch, tokens, heads * t]],
              ]),
            ),
          names,
        );
        const right = two ? 'right' : 'left';
        await expectReference(
          {
            kind: 'relation',
            heads,
            weight: factor,
            student: { left: 'left', right, width: heads * s },
            teacher: { left: 'teacher_left', right: `teacher_${right}`, width: heads * t },
          },
          tested,
        );
      }),
      RUNS,
    );
  });
});

describe('withFeatureLoss', () => {
  /** By hand: (1·2 - 5)² + (1·3 + 1)² over a width of 2 is (9 + 16) / 2; the second token is padding. */
  const tested: FeatureCase = {
    ...{ batch: 1, tokens: 2, lengths: [1], own: ['student', 'projection'] },
    arrays: {
      student: { dims: [2, 1], data: [1, 77] },
      teacher: { dims: [1, 2, 2], data: [5, -1, 88, 99] },
      projection: { dims: [1, 2], data: [2, 3] },
    },
  };
  const term: FeatureTerm = {
    kind: 'hidden',
    student: { name: 'student', width: 1 },
    teacher: { name: 'teacher', width: 2 },
    ...{ distance: 'mse', projection: 'projection', weight: 0.5 },
  };

  it('adds the weighted terms to the loss of the answers', async () => {
    expect((await evaluate(term, tested, 3)).loss).toBeCloseTo(3 + 0.5 * 12.5, 5);
  });

  it('leaves a graph without terms as it is', () => {
    const graph = baseGraph({});
    expect(withFeatureLoss(graph, [])).toBe(graph);
  });

  it('names the value that the graph has not, and heads that do not divide a width', () => {
    expect(() => withFeatureLoss(baseGraph({ student: { dims: [2, 1] } }), [term])).toThrow('the value "projection"');
    const operands = { left: 'x', right: 'x' };
    const relation = { kind: 'relation' as const, heads: 2, weight: 1 };
    const widths = { student: { ...operands, width: 3 }, teacher: { ...operands, width: 4 } };
    expect(() => withFeatureLoss(baseGraph({ x: { dims: [2, 3] } }), [{ ...relation, ...widths }])).toThrow(
      'must divide the widths of the student (3)',
    );
  });
});
