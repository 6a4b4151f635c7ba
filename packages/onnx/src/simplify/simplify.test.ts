import fc from 'fast-check';
import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { runModel } from '../../../../test/support/tfjs-graph.ts';
import { GraphBuilder } from '../builder.js';
import type { Model } from '../model.js';
import { floatScalar, floats, int64s, int64Vector } from '../tensor.js';
import { simplify } from './simplify.js';

const WIDTH = 4;
const values = (count: number, scale = 1) => Array.from({ length: count }, (_, i) => scale * Math.sin(i + 1));
const input = (dims: number[]) =>
  new Tensor('float32', Float32Array.from(values(dims.reduce((product, dim) => product * dim, 1))), dims);
const ops = (model: Model) => model.graph.nodes.map(({ op }) => op);

/** Steps on a value of shape [batch, tokens, 4], `flat` where it is [batch · tokens, 4]. */
const STEPS = ['flatten', 'restore', 'pair', 'unpair', 'dense', 'bias', 'relu', 'softmax', 'swap', 'residual'] as const;
type Step = (typeof STEPS)[number];

/** A graph of those steps, as an exporter writes them: shapes are computed by Shape, Slice, Concat. */
function chain(steps: readonly Step[], dims: ('batch' | 'tokens' | null)[]): Model {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', [...dims, WIDTH]);
  const ints = (...list: number[]) => b.constant(int64Vector(list));
  let [value, shape] = [x, 'full' as 'full' | 'flat' | 'pairs'];
  const restore = (own: string) => {
    const front = b.add('Slice', [b.add('Shape', [x]), ints(0), ints(2)]);
    return b.add('Reshape', [own, b.add('Concat', [front, ints(WIDTH)], { attributes: { axis: 0 } })]);
  };
  for (const step of steps) {
    if (step === 'flatten') [value, shape] = [b.add('Reshape', [value, ints(-1, WIDTH)]), 'flat'];
    if (step === 'pair') [value, shape] = [b.add('Reshape', [value, ints(-1, 2)]), 'pairs'];
    if (step === 'restore' || (step === 'unpair' && shape === 'pairs')) [value, shape] = [restore(value), 'full'];
    if (step === 'dense' && shape !== 'pairs')
      value = b.add('MatMul', [value, b.constant(floats([WIDTH, WIDTH], values(16)))]);
    if (step === 'bias' && shape !== 'pairs')
      value = b.add('Add', [b.constant(floats([WIDTH], values(WIDTH, 10))), value]);
    if (step === 'relu') value = b.add('Relu', [value]);
    if (step === 'softmax') value = b.add('Softmax', [value], { attributes: { axis: shape === 'full' ? 2 : 1 } });
    if (step === 'swap' && shape === 'full') {
      value = b.add('Transpose', [value], { attributes: { perm: [1, 0, 2] } });
      value = b.add('Transpose', [b.add('Identity', [value])], { attributes: { perm: [1, 2, 0] } });
      value = b.add('Transpose', [value], { attributes: { perm: [2, 0, 1] } });
      value = b.add('Transpose', [value], { attributes: { perm: [1, 0, 2] } });
    }
    if (step === 'residual' && shape === 'full') value = b.add('Add', [value, x]);
  }
  b.output(b.add('Identity', [value], { outputs: ['y'] }), 'float32', undefined);
  return b.build();
}

describe('simplify', () => {
  it('changes no result', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...STEPS), { maxLength: 14 }),
        fc.constantFrom(['batch', 'tokens'] as const, [null, null], ['batch', null] as const),
        async (steps, dims) => {
          const model = chain(steps, [...dims]);
          const lean = simplify(model);
          expect(lean.graph.nodes.length).toBeLessThanOrEqual(model.graph.nodes.length);
          expect(lean.graph.inputs).toEqual(model.graph.inputs);
          const x = input([2, 3, WIDTH]);
          const [expected, got] = [await runModel(model, { x }), await runModel(lean, { x })];
          expect(got.y?.dims).toEqual(expected.y?.dims);
          got.y?.data.forEach((own, i) => {
            expect(own).toBeCloseTo(expected.y?.data[i] as number, 5);
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  it('brings reshapes together until they cancel', () => {
    const steps: Step[] = ['flatten', 'dense', 'restore', 'bias', 'relu', 'flatten', 'softmax', 'restore', 'residual'];
    expect(ops(simplify(chain(steps, ['batch', 'tokens'])))).toEqual(['MatMul', 'Add', 'Relu', 'Softmax', 'Add']);
  });

  it('makes one transpose of two', async () => {
    const b = new GraphBuilder();
    const once = b.add('Transpose', [b.input('x', 'float32', [2, 3, WIDTH])], { attributes: { perm: [1, 2, 0] } });
    const twice = b.add('Transpose', [once], { attributes: { perm: [1, 0, 2] }, outputs: ['y'] });
    b.output(twice, 'float32', [WIDTH, 3, 2]);
    const lean = simplify(b.build());
    expect(ops(lean)).toEqual(['Transpose']);
    const x = input([2, 3, WIDTH]);
    expect(await runModel(lean, { x })).toEqual(await runModel(b.build(), { x }));
  });

  it('folds arithmetic on known extents and merges equal nodes', () => {
    const b = new GraphBuilder();
    const x = b.input('x', 'float32', ['batch', 6]);
    const count = () => b.add('Gather', [b.add('Shape', [x]), b.constant(int64s([], [1]))]);
    const half = b.add('Div', [count(), b.constant(int64s([], [2]))]);
    const parts = [half, half].map((extent) => b.add('Unsqueeze', [extent, b.constant(int64Vector([0]))]));
    const shape = b.add('Concat', [b.constant(int64Vector([-1])), ...parts.slice(1)], { attributes: { axis: 0 } });
    const twice = [0, 1].map(() => b.add('Exp', [b.add('Reshape', [x, shape])]));
    b.output(b.add('Add', twice, { outputs: ['y'] }), 'float32', undefined);
    const lean = simplify(b.build());
    expect(ops(lean)).toEqual(['Exp', 'Reshape', 'Add']);
  });

  it('keeps the names of outputs, whatever becomes of their nodes', async () => {
    const b = new GraphBuilder();
    const x = b.input('x', 'float32', [2]);
    const y = b.add('Relu', [x], { outputs: ['y'] });
    for (const name of ['same', 'again']) b.output(b.add('Identity', [y], { outputs: [name] }), 'float32', [2]);
    b.output(y, 'float32', [2]);
    b.output(b.add('Identity', [x], { outputs: ['through'] }), 'float32', [2]);
    const results = await runModel(simplify(b.build()), { x: new Tensor('float32', Float32Array.of(-1, 3), [2]) });
    expect(Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data]))).toEqual({
      y: [0, 3],
      same: [0, 3],
      again: [0, 3],
      through: [-1, 3],
    });
  });

  it('merges nodes only where one gives all that the other does', async () => {
    const b = new GraphBuilder();
    const x = b.input('x', 'float32', [WIDTH]);
    const norm = [x, b.constant(floats([WIDTH], [1, 1, 1, 1]))];
    const alone = b.add('LayerNormalization', norm);
    const [all, mean] = b.addMany('LayerNormalization', norm, { outputs: ['all', 'mean'] }) as [string, string];
    b.output(b.add('Sub', [all, alone], { outputs: ['y'] }), 'float32', [WIDTH]);
    b.output(b.add('Neg', [mean], { outputs: ['z'] }), 'float32', [1]);
    const [filled, negative] = [0, -0].map((value) =>
      b.add('ConstantOfShape', [b.constant(int64Vector([1]))], {
        attributes: { value: { kind: 'tensor', value: floats([1], [value]) } },
      }),
    );
    b.output(b.add('Div', [b.constant(floatScalar(1)), filled as string], { outputs: ['up'] }), 'float32', [1]);
    b.output(b.add('Div', [b.constant(floatScalar(1)), negative as string], { outputs: ['down'] }), 'float32', [1]);
    const feeds = { x: new Tensor('float32', Float32Array.of(1, 4, 2, 3), [WIDTH]) };
    const { y, z, up, down } = await runModel(simplify(b.build()), feeds);
    expect([y?.data, z?.data]).toEqual([[0, 0, 0, 0], [-2.5]]);
    expect([up?.data, down?.data]).toEqual([[Infinity], [-Infinity]]);
  });

  it('does not merge nodes that draw random numbers', () => {
    const b = new GraphBuilder();
    const draws = [0, 1].map(() => b.add('RandomNormal', [], { attributes: { shape: [3] } }));
    b.output(b.add('Sub', draws, { outputs: ['y'] }), 'float32', [3]);
    expect(ops(simplify(b.build()))).toEqual(['RandomNormal', 'RandomNormal', 'Sub']);
  });
});

describe('layer normalisation', () => {
  /** Spelt out as tensor2tensor (`(scale · r) · (x - mean) + bias`) or Keras (`x · g + (bias - mean · g)`) does. */
  function spelt(spelling: 'tensor2tensor' | 'keras', axis = -1): Model {
    const b = new GraphBuilder();
    const x = b.input('x', 'float32', ['batch', 'tokens', WIDTH]);
    const axes = b.constant(int64Vector([axis]));
    const [scale, bias] = [b.constant(floats([WIDTH], [1, 2, 3, 4])), b.constant(floats([WIDTH], [0, 1, 0, -1]))];
    const mean = b.add('ReduceMean', [x, axes]);
    const centred = b.add('Sub', [x, mean]);
    const variance = b.add('ReduceMean', [b.add('Mul', [centred, centred]), axes]);
    const root = b.add('Sqrt', [b.add('Add', [variance, b.constant(floatScalar(0.01))])]);
    const gain = b.add('Mul', [b.add('Reciprocal', [root]), scale]);
    const y =
      spelling === 'keras'
        ? b.add('Add', [b.add('Mul', [x, gain]), b.add('Sub', [bias, b.add('Mul', [mean, gain])])])
        : b.add('Add', [bias, b.add('Mul', [gain, centred])]);
    b.output(b.add('Identity', [y], { outputs: ['y'] }), 'float32', ['batch', 'tokens', WIDTH]);
    return b.build();
  }

  it.each(['tensor2tensor', 'keras'] as const)('as %s spells it becomes one node', async (spelling) => {
    const model = spelt(spelling);
    const lean = simplify(model);
    expect(ops(lean)).toEqual(['LayerNormalization']);
    const x = input([2, 3, WIDTH]);
    const [expected, got] = [await runModel(model, { x }), await runModel(lean, { x })];
    got.y?.data.forEach((own, i) => {
      expect(own).toBeCloseTo(expected.y?.data[i] as number, 5);
    });
  });

  it('over another axis stays as it is', () => {
    expect(ops(simplify(spelt('keras', 1)))).not.toContain('LayerNormalization');
  });
});

describe('GELU', () => {
  /** The ways that exporters write x/√2, and the order of the three factors x, 1 + erf and 1/2. */
  const spellings = fc.record({
    scaling: fc.constantFrom('Div', 'Mul'),
    order: fc.constantFrom('x·erf·half', 'x·half·erf', 'half·erf·x'),
    swapped: fc.boolean(),
    opset: fc.constantFrom(17, 20),
  });

  function spelt({
    scaling,
    order,
    swapped,
    opset,
  }: typeof spellings extends fc.Arbitrary<infer S> ? S : never): Model {
    const b = new GraphBuilder({ opset });
    const x = b.input('x', 'float32', ['batch', WIDTH]);
    const constant = (value: number) => b.constant(floatScalar(value));
    const either = (op: string, one: string, two: string) => b.add(op, swapped ? [two, one] : [one, two]);
    const scaled =
      scaling === 'Div' ? b.add('Div', [x, constant(Math.SQRT2)]) : either('Mul', x, constant(Math.SQRT1_2));
    const parts = { x, erf: either('Add', b.add('Erf', [scaled]), constant(1)), half: constant(0.5) };
    const [one, two, three] = order.split('·').map((part) => parts[part as keyof typeof parts]) as string[];
    b.add('Mul', [either('Mul', one as string, two as string), three as string], { outputs: ['y'] });
    b.output('y', 'float32', ['batch', WIDTH]);
    return b.build();
  }

  it('becomes one node, however it is spelt', async () => {
    await fc.assert(
      fc.asyncProperty(spellings, async (spelling) => {
        const model = spelt(spelling);
        const lean = simplify(model);
        expect(ops(lean)).toEqual(['Gelu']);
        const x = input([3, WIDTH]);
        const [expected, got] = [await runModel(model, { x }), await runModel(lean, { x })];
        got.y?.data.forEach((own, i) => {
          expect(own).toBeCloseTo(expected.y?.data[i] as number, 6);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('of another constant stays as it is', () => {
    const model = spelt({ scaling: 'Div', order: 'x·erf·half', swapped: false, opset: 20 });
    const initializers = new Map(model.graph.initializers);
    for (const [name, { data }] of initializers) if (data[0] === 0.5) initializers.set(name, floatScalar(0.25));
    expect(ops(simplify({ ...model, graph: { ...model.graph, initializers } }))).not.toContain('Gelu');
  });
});
