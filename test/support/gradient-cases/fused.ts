import fc from 'fast-check';
import { type AttributeInput, float } from '../../../packages/onnx/src/index.ts';
import { fusedAttentionCases, int32s } from './fused-attention.ts';
import { type Case, type Cases, extent } from './generators.ts';
import { rotaryCases } from './rotary.ts';

/** Normalisations and activations fused with what comes before them. */

const domain = 'com.microsoft';
const WIDTH = 4;

/** The sum, the fourth output, is used or not. */
const skip = (op: string, hasBeta: boolean) =>
  fc
    .record({
      batch: extent,
      tokens: extent,
      skipDims: fc.constantFrom('same', 'row', 'one sequence'),
      beta: fc.boolean(),
      bias: fc.boolean(),
      usesSum: fc.boolean(),
    })
    .map((at): Case => {
      const { batch, tokens } = at;
      const skipDims = { same: [batch, tokens], row: [tokens], 'one sequence': [1, tokens] }[at.skipDims] as number[];
      const beta = hasBeta && at.beta;
      const vector = { dims: [WIDTH] };
      return {
        variables: {
          x: { dims: [batch, tokens, WIDTH] },
          skip: { dims: [...skipDims, WIDTH] },
          gamma: vector,
          ...(beta && { beta: vector }),
          ...(at.bias && { bias: vector }),
        },
        build: (b) => {
          const optional = [...(hasBeta ? [beta ? 'beta' : ''] : []), at.bias ? 'bias' : ''];
          const inputs = ['x', 'skip', 'gamma', ...optional];
          while (inputs.at(-1) === '') inputs.pop();
          const outputs = at.usesSum ? ['y', '', '', 'sum'] : ['y'];
          b.addMany(op, inputs, { domain, outputs, attributes: { epsilon: float(1e-2) } });
          return at.usesSum ? b.add('Mul', ['y', 'sum']) : 'y';
        },
        type: 'float32',
      };
    });

const embed = fc
  .record({
    batch: extent,
    tokens: extent,
    segments: fc.boolean(),
    positions: fc.constantFrom('none', 'one sequence', 'each'),
    seeds: fc.array(fc.nat(3), { minLength: 9, maxLength: 9 }),
    usesSum: fc.boolean(),
  })
  .map((at): Case => {
    const { batch, tokens } = at;
    const count = batch * tokens;
    return {
      variables: {
        words: { dims: [4, WIDTH] },
        positions: { dims: [4, WIDTH] },
        ...(at.segments && { segments: { dims: [2, WIDTH] } }),
        gamma: { dims: [WIDTH] },
        beta: { dims: [WIDTH] },
      },
      build: (b) => {
        const ids = b.constant(int32s([batch, tokens], at.seeds.slice(0, count)));
        const kinds = at.segments
          ? b.constant(
              int32s(
                [batch, tokens],
                at.seeds.slice(0, count).map((seed) => seed % 2),
              ),
            )
          : '';
        const rows = at.positions === 'each' ? batch : 1;
        const places =
          at.positions === 'none'
            ? []
            : ['', b.constant(int32s([rows, tokens], at.seeds.toReversed().slice(0, rows * tokens)))];
        const inputs = [ids, kinds, 'words', 'positions', at.segments ? 'segments' : '', 'gamma', 'beta', ...places];
        b.addMany('EmbedLayerNormalization', inputs, {
          domain,
          outputs: at.usesSum ? ['y', 'lengths', 'sum'] : ['y', 'lengths'],
          attributes: { epsilon: float(1e-2) },
        });
        return at.usesSum ? b.add('Mul', ['y', 'sum']) : 'y';
      },
      type: 'float32',
      // The kernel wants the tables' sizes declared.
      shapes: 'static',
    };
  });

/** Their parameters as ONNX Runtime's fusion writes them. */
const ACTIVATIONS: Record<string, Record<string, AttributeInput>> = {
  Elu: { activation_alpha: float(0.3) },
  HardSigmoid: { activation_alpha: float(0.1), activation_beta: float(0.5) },
  LeakyRelu: { activation_alpha: float(0.3) },
  Relu: {},
  Sigmoid: {},
  Softplus: {},
  Softsign: {},
  Tanh: {},
};

const gemm = fc
  .record({
    m: extent,
    k: extent,
    n: extent,
    transB: fc.nat(1),
    sign: fc.constantFrom(1, -1),
    activation: fc.constantFrom(...Object.keys(ACTIVATIONS)),
  })
  .map(
    ({ m, k, n, transB, sign, activation }): Case => ({
      // All sums are of one sign: no difference is taken across the bend of an activation at 0.
      variables: {
        a: { dims: [m, k], range: [0.2, 1] },
        b: { dims: transB ? [n, k] : [k, n], range: [0.1 * sign, 0.5 * sign] },
        c: { dims: [n], range: [0.1 * sign, sign] },
      },
      build: (b) =>
        b.add('FusedGemm', ['a', 'b', 'c'], {
          domain,
          attributes: { transB, alpha: float(0.5), activation, ...ACTIVATIONS[activation] },
        }),
      type: 'float32',
    }),
  );

/** All that is fused. */
export const fusedCases: Cases = {
  ...fusedAttentionCases,
  ...rotaryCases,
  'com.microsoft.EmbedLayerNormalization': embed,
  'com.microsoft.FusedGemm': gemm,
  'com.microsoft.SkipLayerNormalization': skip('SkipLayerNormalization', true),
  'com.microsoft.SkipSimplifiedLayerNormalization': skip('SkipSimplifiedLayerNormalization', false),
};
