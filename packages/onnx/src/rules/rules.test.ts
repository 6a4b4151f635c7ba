import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradientError, TOLERANCE } from '../../../../test/support/finite-differences.ts';
import { convolutionCases } from '../../../../test/support/gradient-cases/convolution.ts';
import { einsumCases } from '../../../../test/support/gradient-cases/einsum.ts';
import { elementwiseCases } from '../../../../test/support/gradient-cases/elementwise.ts';
import { fusedCases } from '../../../../test/support/gradient-cases/fused.ts';
import {
  along,
  broadcastable,
  type Case,
  type Cases,
  extent,
  POSITIVE,
  reduction,
  shape,
  unary,
  variadic,
} from '../../../../test/support/gradient-cases/generators.ts';
import { indexingCases, slices } from '../../../../test/support/gradient-cases/indexing.ts';
import {
  decomposedLayerNormalization,
  normalizationCases,
} from '../../../../test/support/gradient-cases/normalization.ts';
import { poolingCases } from '../../../../test/support/gradient-cases/pooling.ts';
import { reductionCases } from '../../../../test/support/gradient-cases/reduction.ts';
import { float } from '../builder.js';
import { supportedOps } from '../registry.js';
import { int64s, int64Vector } from '../tensor.js';

/** Batched, broadcast, and vectors on either side. */
const matmul = fc
  .record({
    batches: broadcastable(2),
    m: extent,
    k: extent,
    n: extent,
    vectorA: fc.boolean(),
    vectorB: fc.boolean(),
    type: fc.constantFrom('float32' as const, 'float64' as const),
  })
  .map(
    ({ batches: [left, right], m, k, n, vectorA, vectorB, type }): Case => ({
      variables: { a: { dims: vectorA ? [k] : [...left, m, k] }, b: { dims: vectorB ? [k] : [...right, k, n] } },
      build: (b) => b.add('MatMul', ['a', 'b']),
      type,
    }),
  );

const gemm = fc
  .record({
    m: extent,
    k: extent,
    n: extent,
    transA: fc.nat(1),
    transB: fc.nat(1),
    bias: fc.constantFrom('none', 'scalar', 'row', 'column', 'full'),
    type: fc.constantFrom('float32' as const, 'float64' as const),
  })
  .map(
    ({ m, k, n, transA, transB, bias, type }): Case => ({
      variables: {
        a: { dims: transA ? [k, m] : [m, k] },
        b: { dims: transB ? [n, k] : [k, n] },
        ...(bias === 'none'
          ? {}
          : { c: { dims: { scalar: [], row: [n], column: [m, 1], full: [m, n] }[bias] as number[] } }),
      },
      build: (b) =>
        b.add('Gemm', ['a', 'b', ...(bias === 'none' ? [] : ['c'])], {
          attributes: { transA, transB, alpha: float(0.5), beta: float(3) },
        }),
      type,
    }),
  );

const fusedMatmul = fc
  .record({ batches: broadcastable(2), m: extent, k: extent, n: extent, transA: fc.nat(1), transB: fc.nat(1) })
  .map(
    ({ batches: [left, right], m, k, n, transA, transB }): Case => ({
      variables: {
        a: { dims: [...left, ...(transA ? [k, m] : [m, k])] },
        b: { dims: [...right, ...(transB ? [n, k] : [k, n])] },
      },
      build: (b) =>
        b.add('FusedMatMul', ['a', 'b'], {
          domain: 'com.microsoft',
          attributes: { transA, transB, alpha: float(0.5) },
        }),
      type: 'float32',
    }),
  );

const concat = shape(1, 3)
  .chain((dims) =>
    fc.record({
      dims: fc.constant(dims),
      axis: fc.nat(dims.length - 1),
      sizes: fc.array(extent, { minLength: 1, maxLength: 3 }),
    }),
  )
  .map(
    ({ dims, axis, sizes }): Case => ({
      variables: Object.fromEntries(sizes.map((size, i) => [`x${i}`, { dims: dims.with(axis, size) }])),
      build: (b) =>
        b.add(
          'Concat',
          sizes.map((_, i) => `x${i}`),
          { attributes: { axis } },
        ),
    }),
  );

const split = fc
  .record({ sizes: fc.array(extent, { minLength: 1, maxLength: 3 }), width: extent, used: fc.nat(2) })
  .map(
    ({ sizes, width, used }): Case => ({
      variables: { x: { dims: [width, sizes.reduce((sum, size) => sum + size, 0)] } },
      build: (b) => {
        const outputs = sizes.map((_, i) => `part${i}`);
        b.addMany('Split', ['x', b.constant(int64Vector(sizes))], { outputs, attributes: { axis: 1 } });
        return outputs[used % sizes.length];
      },
    }),
  );

const slice = fc
  .record({
    dims: shape(2, 3),
    start: fc.integer({ min: -4, max: 4 }),
    end: fc.constantFrom(-2, -1, 1, 2, 3, Number.MAX_SAFE_INTEGER),
    step: fc.constantFrom(1, 1, 2, -1, -2),
    first: fc.boolean(),
  })
  .map(
    ({ dims, start, end, step, first }): Case => ({
      variables: { x: { dims } },
      build: (b) => {
        const axis = first ? 0 : -1;
        const bounds = [[start], [step < 0 ? -end : end], [axis], [step]].map((values) =>
          b.constant(int64Vector(values)),
        );
        return b.add('Slice', ['x', ...bounds]);
      },
    }),
  );

const expand = broadcastable(2).map(
  ([from, to]): Case => ({
    variables: { x: { dims: from } },
    build: (b) => b.add('Expand', ['x', b.constant(int64Vector(to))]),
  }),
);

const squeezed = shape(1, 3).chain((dims) =>
  fc.record({ dims: fc.constant(dims), axes: fc.uniqueArray(fc.nat(dims.length), { minLength: 1, maxLength: 2 }) }),
);
const withOnes = ({ dims, axes }: { dims: number[]; axes: number[] }) =>
  axes.toSorted((a, b) => a - b).reduce((made, axis) => made.toSpliced(axis, 0, 1), dims);

const reshape = shape(1, 3).map(
  (dims): Case => ({
    variables: { x: { dims } },
    build: (b) =>
      b.add('Mul', [
        b.add('Reshape', ['x', b.constant(int64Vector([-1]))]),
        b.add('Reshape', ['x', b.constant(int64Vector([-1]))]),
      ]),
  }),
);

/** Indices of any rank, repeated and negative ones among them. */
const gather = fc
  .record({
    dims: shape(1, 3),
    at: shape(0, 2),
    axis: fc.nat(2),
    seeds: fc.array(fc.nat(100), { minLength: 9, maxLength: 9 }),
    viaProduct: fc.boolean(),
  })
  .map(({ dims, at, axis: anyAxis, seeds, viaProduct }): Case => {
    const axis = anyAxis % dims.length;
    const size = dims[axis];
    const indices = seeds
      .slice(
        0,
        at.reduce((n, dim) => n * dim, 1),
      )
      .map((seed) => (seed % (2 * size)) - size);
    return {
      variables: { x: { dims } },
      build: (b) => {
        // Of a leaf along axis 0 the gradient is sparse rows; of a product it is dense.
        const data = viaProduct ? b.add('Mul', ['x', 'x']) : 'x';
        return b.add('Gather', [data, b.constant(int64s(at, indices))], { attributes: { axis } });
      },
    };
  });

const gatherElements = fc
  .record({ dims: shape(2, 2), rows: extent, seeds: fc.array(fc.nat(100), { minLength: 9, maxLength: 9 }) })
  .map(({ dims, rows, seeds }): Case => {
    const indices = seeds.slice(0, rows * dims[1]).map((seed) => seed % dims[0]);
    return {
      variables: { x: { dims } },
      build: (b) =>
        b.add('GatherElements', ['x', b.constant(int64s([rows, dims[1]], indices))], { attributes: { axis: 0 } }),
    };
  });

const where = broadcastable(3).map(
  (shapes): Case => ({
    variables: { condition: { dims: shapes[0] }, a: { dims: shapes[1] }, b: { dims: shapes[2] } },
    wrt: ['a', 'b'],
    build: (b, type) => {
      const zero = b.add('Cast', [b.constant(int64Vector([0]))], { attributes: { to: type === 'float32' ? 1 : 11 } });
      return b.add('Where', [b.add('Greater', ['condition', b.add('Squeeze', [zero])]), 'a', 'b']);
    },
  }),
);

const layerNormalization = shape(1, 3)
  .chain((dims) =>
    fc.record({
      dims: fc.constant(dims.concat(4)),
      axis: fc.integer({ min: -1, max: dims.length }),
      bias: fc.boolean(),
      // Before 17 it is ONNX Runtime's own operator, in the name of ai.onnx.
      opset: fc.constantFrom(13, 16, 17, 18),
    }),
  )
  .map(({ dims, axis, bias, opset }): Case => {
    const inner = axis < 0 ? dims.slice(-1) : dims.slice(axis);
    return {
      variables: { x: { dims }, scale: { dims: inner }, ...(bias ? { bias: { dims: inner } } : {}) },
      build: (b) =>
        b.add('LayerNormalization', ['x', 'scale', ...(bias ? ['bias'] : [])], {
          attributes: { axis, epsilon: float(1e-3) },
        }),
      type: 'float32',
      opset,
    };
  });

const pow = fc.tuple(broadcastable(2), fc.constantFrom<number | undefined>(undefined, 1, 2, 0.5, 3, -1)).map(
  ([shapes, exponent]): Case => ({
    variables: {
      a: { dims: shapes[0], range: POSITIVE },
      ...(exponent === undefined ? { b: { dims: shapes[1] } } : {}),
    },
    build: (b, type) => {
      if (exponent === undefined) return b.add('Pow', ['a', 'b']);
      const data = type === 'float64' ? Float64Array.of(exponent) : Float32Array.of(exponent);
      return b.add('Pow', ['a', b.constant({ type, dims: [], data })]);
    },
  }),
);

/** One generator of graphs per operator, by `domain.op`. */
const CASES: Cases = {
  ...convolutionCases,
  ...einsumCases,
  ...elementwiseCases,
  ...fusedCases,
  ...indexingCases,
  ...normalizationCases,
  ...poolingCases,
  ...reductionCases,
  '.Add': variadic('Add', 2),
  '.Cast': unary('Cast', {
    attributes: { to: 11 },
    build: (b) => b.add('Cast', [b.add('Cast', ['x'], { attributes: { to: 11 } })], { attributes: { to: 11 } }),
  }),
  '.Concat': concat,
  '.Div': variadic('Div', 2, POSITIVE),
  '.Expand': expand,
  '.Flatten': along('Flatten', (axis) => ({ axis })),
  '.Gather': gather,
  '.GatherElements': gatherElements,
  '.Gemm': gemm,
  '.Identity': unary('Identity'),
  '.LayerNormalization': layerNormalization,
  '.LogSoftmax': along('LogSoftmax', (axis) => ({ axis })),
  '.MatMul': matmul,
  '.Max': variadic('Max', 3),
  '.Mean': variadic('Mean', 3).map((given) => ({ ...given, type: 'float32' as const })),
  '.Min': variadic('Min', 2),
  '.Mul': variadic('Mul', 2),
  '.Pow': pow,
  '.ReduceL2': reduction('ReduceL2', true, POSITIVE),
  '.ReduceMax': reduction('ReduceMax', true),
  '.ReduceMean': fc.oneof(reduction('ReduceMean', true), reduction('ReduceMean', false)),
  '.ReduceMin': reduction('ReduceMin', false),
  '.ReduceSum': reduction('ReduceSum', false),
  '.Reshape': reshape,
  '.Slice': fc.oneof(slice, slices),
  '.Softmax': along('Softmax', (axis) => ({ axis })),
  '.Split': split,
  '.Squeeze': squeezed.map(
    (at): Case => ({
      variables: { x: { dims: withOnes(at) } },
      build: (b) => b.add('Squeeze', ['x', b.constant(int64Vector(at.axes.toSorted((p, q) => p - q)))]),
    }),
  ),
  '.Sub': variadic('Sub', 2),
  '.Sum': variadic('Sum', 3),
  '.Transpose': shape(1, 3)
    .chain((dims) =>
      fc.record({
        dims: fc.constant(dims),
        perm: fc.shuffledSubarray(
          dims.map((_, i) => i),
          { minLength: dims.length },
        ),
      }),
    )
    .map(
      ({ dims, perm }): Case => ({
        variables: { x: { dims } },
        build: (b) => b.add('Transpose', ['x'], { attributes: { perm } }),
      }),
    ),
  '.Unsqueeze': squeezed.map(
    ({ dims, axes }): Case => ({
      variables: { x: { dims } },
      build: (b) =>
        b.add('Unsqueeze', ['x', b.constant(int64Vector(axes.map((axis) => axis % (dims.length + axes.length))))]),
    }),
  ),
  '.Where': where,
  'com.microsoft.FusedMatMul': fusedMatmul,
};

/** Fused operators that ONNX Runtime has on GPUs only: unfuse.test.ts checks them. */
const NO_KERNEL = ['BiasAdd', 'BiasSoftmax', 'BiasSplitGelu'].map((op) => `com.microsoft.${op}`);

/** Operators whose derivative is zero everywhere: their rules stop the gradient instead of making one. */
const STEPS = ['.Floor', '.Ceil', '.Round', '.Sign'];

describe('the gradient of', () => {
  const differentiable = supportedOps()
    .filter((op) => op.differentiable)
    .map(({ op, domain }) => `${domain}.${op}`)
    .filter((name) => !NO_KERNEL.includes(name));

  it.each(differentiable.filter((name) => !STEPS.includes(name)))('%s is that of central differences', async (name) => {
    const cases = CASES[name];
    if (!cases) throw new Error(`The rule of ${name} has no case in this test.`);
    const run = fc.record({
      given: cases,
      seed: fc.nat(2 ** 31),
      shapes: fc.constantFrom('static' as const, 'opaque' as const),
    });
    await fc.assert(
      fc.asyncProperty(run, async ({ given, seed, shapes }) => {
        expect(await gradientError({ shapes, ...given, seed })).toBeLessThan(TOLERANCE[given.type ?? 'float64']);
      }),
      { numRuns: 40, seed: 2024 },
    );
  });

  it('a layer normalisation spelt out in small operators is that of central differences', async () => {
    const run = fc.record({ given: decomposedLayerNormalization, seed: fc.nat(2 ** 31) });
    await fc.assert(
      fc.asyncProperty(run, async ({ given, seed }) => {
        expect(await gradientError({ ...given, seed })).toBeLessThan(TOLERANCE.float64);
      }),
      { numRuns: 40, seed: 2024 },
    );
  });
});
