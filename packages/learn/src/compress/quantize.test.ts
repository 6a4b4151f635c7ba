import { float, floats, GraphBuilder, int64s } from '@retort/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runModel } from '../../../../test/support/run-model.ts';
import { encoderStudent } from '../students/encoder-student.js';
import { staticStudent } from '../students/static-student.js';
import { quantizeMatrix, quantizeTable, quantizeTables, quantizeWeights, TABLE_LIMIT, WEIGHT_LIMIT } from './index.js';

const values = (length: number) =>
  fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: length, maxLength: length });

/** Below it the scale itself is rounded, to 0 at last. */
const SUBNORMAL = 2 ** -126;

const LEVELS = ['all', 'disabled'] as const;

/** x `[rows, from]` times a constant, plus a bias, in one of the forms that graphs have it in. */
function product(form: 'MatMul' | 'Gemm', from: number, to: number, weights: number[], bias: number[]) {
  const b = new GraphBuilder({ opset: 18 });
  const x = b.input('x', 'float32', ['rows', from]);
  if (form === 'MatMul') b.add('MatMul', [x, b.initializer('w', floats([from, to], weights))], { outputs: ['y'] });
  else {
    // alpha = 0.5, beta = 2, and the matrix as [to, from].
    const turned = Array.from({ length: to * from }, (_, at) => weights[(at % from) * to + Math.floor(at / from)]);
    b.add('Gemm', [x, b.initializer('w', floats([to, from], turned)), b.initializer('b', floats([to], bias))], {
      outputs: ['y'],
      attributes: { alpha: float(0.5), beta: float(2), transB: 1 },
    });
  }
  b.output('y', 'float32', ['rows', to]);
  return b.build();
}

describe('quantizeMatrix', () => {
  it('is off by at most half a scale, in 7 bits', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }).chain((to) => fc.tuple(fc.constant(to), values(to * 5))),
        ([to, w]) => {
          const { values: q, scales } = quantizeMatrix(Float32Array.from(w), to);
          for (const [at, weight] of w.entries()) {
            const scale = scales[at % to];
            expect(Math.abs(q[at])).toBeLessThanOrEqual(WEIGHT_LIMIT);
            expect(Math.abs(weight - scale * q[at])).toBeLessThanOrEqual(scale * 0.5001 + SUBNORMAL);
          }
        },
      ),
    );
  });

  it('leaves no room for two products to saturate 16 bits', () => {
    expect(2 * 255 * WEIGHT_LIMIT).toBeLessThan(2 ** 15);
  });
});

describe('quantizeTable', () => {
  it('is off by at most half the scale of the row', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }).chain((width) => fc.tuple(fc.constant(width), values(width * 5))),
        ([width, t]) => {
          const { values: q, scales } = quantizeTable(Float32Array.from(t), width);
          expect(scales.length).toBe(5);
          for (const [at, value] of t.entries()) {
            const scale = scales[Math.floor(at / width)];
            expect(Math.abs(q[at])).toBeLessThanOrEqual(TABLE_LIMIT);
            expect(Math.abs(value - scale * q[at])).toBeLessThanOrEqual(scale * 0.5001 + SUBNORMAL);
          }
        },
      ),
    );
  });
});

describe('quantizeWeights', () => {
  it.each(['MatMul', 'Gemm'] as const)('keeps a %s within the bound of its rounding', async (form) => {
    const [rows, from, to] = [3, 7, 4];
    const [alpha, beta] = form === 'Gemm' ? [0.5, 2] : [1, 0];
    await fc.assert(
      fc.asyncProperty(values(rows * from), values(from * to), values(to), async (x, w, bias) => {
        const model = quantizeWeights(product(form, from, to, w, bias));
        expect(model.graph.nodes.map(({ op }) => op)).not.toContain(form);
        // DynamicQuantizeLinear: 255 steps from the smallest to the largest value, 0 among them. Zero point and value are rounded.
        const step = (Math.max(0, ...x) - Math.min(0, ...x)) / 255;
        const { values: q, scales } = quantizeMatrix(
          Float32Array.from(w, (value) => alpha * value),
          to,
        );
        for (const optimization of LEVELS) {
          const y = await runModel(model, { x: floats([rows, from], x) }, { output: 'y', optimization });
          for (let r = 0; r < rows; r++) {
            for (let c = 0; c < to; c++) {
              let exact = beta * bias[c];
              let bound = 1e-4;
              for (let k = 0; k < from; k++) {
                exact += alpha * x[r * from + k] * w[k * to + c];
                // |x·w - x̂·ŵ| ≤ |x|·|w - ŵ| + |ŵ|·|x - x̂|
                bound += Math.abs(x[r * from + k]) * scales[c] * 0.5 + Math.abs(q[k * to + c] * scales[c]) * step;
              }
              expect(Math.abs(y[r * to + c] - exact)).toBeLessThanOrEqual(bound);
            }
          }
        }
      }),
      { numRuns: 10 },
    );
  });

  it('leaves alone what it cannot do: two readers of a matrix, transposed activations, matrices made by the graph', () => {
    const b = new GraphBuilder();
    const x = b.input('x', 'float32', [2, 2]);
    const w = b.initializer('w', floats([2, 2], [1, 2, 3, 4]));
    const v = b.initializer('v', floats([2, 2], [1, 2, 3, 4]));
    const y = b.add('Gemm', [x, v], { attributes: { transA: 1 } });
    b.add('MatMul', [b.add('MatMul', [b.add('MatMul', [y, w]), w]), x], { outputs: ['y'] });
    b.output('y', 'float32', [2, 2]);
    const model = b.build();
    expect(quantizeWeights(model).graph.nodes).toEqual(model.graph.nodes);
  });
});

describe('a student in int8', () => {
  const ids = [
    [5, 3, 9, 1],
    [2, 2, 7, 0],
  ];
  const feeds = {
    input_ids: int64s([2, 4], ids.flat()),
    attention_mask: int64s([2, 4], [1, 1, 1, 1, 1, 1, 1, 0]),
  };
  const shape = { vocabularySize: 30, classes: 5, seed: 1 };
  const families = {
    encoder: encoderStudent(
      {
        ...{ family: 'encoder', layers: 2, width: 32, heads: 2, intermediate: 64 },
        ...{ maxLength: 16, dropout: 0, pooling: 'mean', hidden: 0 },
      },
      shape,
    ),
    static: staticStudent(
      {
        family: 'static',
        tokens: 'characters',
        tokenWidth: 0,
        width: 16,
        buckets: 512,
        hidden: 32,
        minGram: 2,
        maxGram: 3,
        maxLength: 64,
      },
      shape,
    ),
  };

  it.each(['encoder', 'static'] as const)(
    'keeps the logits of the %s family, in standard operators',
    async (family) => {
      const { model } = families[family];
      const quantized = quantizeWeights(quantizeTables(model));
      expect([...quantized.opsets.keys()]).toEqual(['']);
      // All that is left in floats are vectors: biases, scales, what normalizes.
      const matrices = [...quantized.graph.initializers].filter(
        ([, { type, dims }]) => type === 'float32' && dims.length === 2 && dims[1] > 1,
      );
      expect(matrices).toEqual([]);
      const expected = await runModel(model, feeds);
      const spread = Math.max(...expected) - Math.min(...expected);
      for (const optimization of LEVELS) {
        const logits = await runModel(quantized, feeds, { optimization });
        for (const [i, logit] of logits.entries()) expect(Math.abs(logit - expected[i])).toBeLessThan(0.03 * spread);
      }
    },
  );
});
