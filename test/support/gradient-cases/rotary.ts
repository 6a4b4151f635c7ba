import fc from 'fast-check';
import { int64s } from '../../../packages/onnx/src/index.ts';
import { type Case, type Cases, extent } from './generators.ts';

/** Rotary embeddings, of ONNX Runtime and of ai.onnx. */

/** The tables of cosines and sines have a row for each of these positions. */
const POSITIONS = 6;

const rotary = fc.record({
  batch: extent,
  tokens: extent,
  heads: fc.constantFrom(1, 2),
  pairs: fc.constantFrom(1, 2),
  rest: fc.constantFrom(0, 2),
  isFlat: fc.boolean(),
  interleaved: fc.nat(1),
  positions: fc.array(fc.nat(POSITIONS - 1), { minLength: 9, maxLength: 9 }),
});

const microsoftRotary = fc.record({ at: rotary, oneOffset: fc.boolean() }).map(({ at, oneOffset }): Case => {
  const { batch, tokens, heads, pairs, rest, isFlat } = at;
  const depth = 2 * pairs + rest;
  return {
    variables: {
      x: { dims: isFlat ? [batch, tokens, heads * depth] : [batch, heads, tokens, depth] },
      cos: { dims: [POSITIONS, pairs], range: [-1, 1] },
      sin: { dims: [POSITIONS, pairs], range: [-1, 1] },
    },
    build: (b) => {
      const positions = oneOffset ? int64s([1], [2]) : int64s([batch, tokens], at.positions.slice(0, batch * tokens));
      return b.add('RotaryEmbedding', ['x', b.constant(positions), 'cos', 'sin'], {
        domain: 'com.microsoft',
        attributes: {
          interleaved: at.interleaved,
          num_heads: heads,
          rotary_embedding_dim: rest === 0 ? 0 : 2 * pairs,
        },
      });
    },
    type: 'float32',
  };
});

const onnxRotary = fc.record({ at: rotary, hasPositions: fc.boolean() }).map(({ at, hasPositions }): Case => {
  const { batch, tokens, heads, pairs, rest, isFlat } = at;
  const depth = 2 * pairs + rest;
  const table = hasPositions ? [POSITIONS, pairs] : [batch, tokens, pairs];
  return {
    variables: {
      x: { dims: isFlat ? [batch, tokens, heads * depth] : [batch, heads, tokens, depth] },
      cos: { dims: table, range: [-1, 1] },
      sin: { dims: table, range: [-1, 1] },
    },
    build: (b) => {
      const positions = hasPositions
        ? [b.constant(int64s([batch, tokens], at.positions.slice(0, batch * tokens)))]
        : [];
      return b.add('RotaryEmbedding', ['x', 'cos', 'sin', ...positions], {
        attributes: {
          interleaved: at.interleaved,
          rotary_embedding_dim: rest === 0 ? 0 : 2 * pairs,
          ...(isFlat ? { num_heads: heads } : {}),
        },
      });
    },
    type: 'float32',
    opset: 23,
  };
});

export const rotaryCases: Cases = {
  '.RotaryEmbedding': onnxRotary,
  'com.microsoft.RotaryEmbedding': microsoftRotary,
};
