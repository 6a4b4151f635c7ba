import fc from 'fast-check';
import {
  type AttributeInput,
  float,
  floats,
  type GraphBuilder,
  int64s,
  type Tensor,
} from '../../../packages/onnx/src/index.ts';
import { type Case, type Cases, extent } from './generators.ts';

/** Fused attention: every form of their masks, layouts and options that can be taken apart. */

const domain = 'com.microsoft';

export const int32s = (dims: number[], data: number[]): Tensor => ({
  type: 'int32',
  dims,
  data: Int32Array.from(data),
});

/** Numbers to make masks of. */
const bits = fc.array(fc.nat(3), { minLength: 64, maxLength: 64 });
/** True for three of four; the first of every row is, so that no query sees nothing. */
const seen = (bits: number[], count: number, row: number) =>
  Array.from({ length: count }, (_, i) => (i % row === 0 || bits[i % 64] > 0 ? 1 : 0));
const scale = fc.constantFrom(undefined, 0.5);
const scaleAttribute = (value: number | undefined): Record<string, AttributeInput> =>
  value === undefined ? {} : { scale: float(value) };
/** Facts that a form of a mask needs are told, all others told and withheld in turn. */
const told = (isNeeded: boolean): Partial<Case> => (isNeeded ? { shapes: 'static' } : {});

type PaddingForm = 'none' | 'keys' | 'queries' | 'lengths' | 'ends and starts' | 'lengths and more';
const PADDING: PaddingForm[] = ['none', 'keys', 'queries', 'lengths', 'ends and starts', 'lengths and more'];

/** A key padding mask of `[batch, queries, keys]` scores. */
function padding(form: PaddingForm, bits: number[], [batch, queries, keys]: [number, number, number]) {
  const lengths = Array.from({ length: batch }, (_, i) => 1 + (bits[i] % keys));
  if (form === 'keys') return int32s([batch, keys], seen(bits, batch * keys, keys));
  if (form === 'queries') return int32s([batch, queries, keys], seen(bits, batch * queries * keys, keys));
  if (form === 'lengths') return int32s([batch], lengths);
  if (form === 'ends and starts') {
    return int32s([2 * batch], [...lengths, ...lengths.map((length, i) => Math.min(length - 1, bits[i + 9]))]);
  }
  if (form === 'lengths and more') return int32s([3 * batch + 2], [...lengths, ...Array(2 * batch + 2).fill(0)]);
  return undefined;
}

/** The names of inputs, without the omitted ones at the end. */
const trimmed = (inputs: string[]) => inputs.slice(0, inputs.findLastIndex((name) => name !== '') + 1);
const constantOrNone = (b: GraphBuilder, tensor: Tensor | undefined) => (tensor ? b.constant(tensor) : '');

const microsoftAttention = fc
  .record({
    batch: extent,
    tokens: extent,
    width: extent,
    heads: fc.constantFrom(1, 2),
    depth: extent,
    valueDepth: fc.option(extent, { nil: undefined }),
    form: fc.constantFrom(...PADDING),
    bits,
    unidirectional: fc.nat(1),
    bias: fc.constantFrom(undefined, [1, 1], [1, 2], [2, 1], [2, 2]),
    scale,
  })
  .map((at): Case => {
    const { batch, tokens, width, heads, depth, valueDepth = depth } = at;
    const sizes = [heads * depth, heads * depth, heads * valueDepth];
    const all = sizes[0] + sizes[1] + sizes[2];
    const bias = at.bias && [at.bias[0] === 1 ? 1 : batch, at.bias[1] === 1 ? 1 : heads, tokens, tokens];
    return {
      variables: {
        x: { dims: [batch, tokens, width], range: [-1, 1] },
        w: { dims: [width, all], range: [-1, 1] },
        // ONNX Runtime 1.30 may crash without.
        projectionBias: { dims: [all], range: [-1, 1] },
        ...(bias && { attentionBias: { dims: bias, range: [-1, 1] } }),
      },
      build: (b) => {
        const mask = constantOrNone(b, padding(at.form, at.bits, [batch, tokens, tokens]));
        return b.add('Attention', trimmed(['x', 'w', 'projectionBias', mask, '', bias ? 'attentionBias' : '']), {
          domain,
          attributes: {
            num_heads: heads,
            unidirectional: at.unidirectional,
            ...(at.valueDepth ? { qkv_hidden_sizes: sizes } : {}),
            ...scaleAttribute(at.scale),
          },
        });
      },
      type: 'float32',
      ...told(PADDING.indexOf(at.form) > 2),
    };
  });

const multiHeadAttention = fc
  .record({
    batch: extent,
    queries: extent,
    keys: extent,
    heads: fc.constantFrom(1, 2),
    depth: extent,
    valueDepth: extent,
    isSplit: fc.boolean(),
    projectionBias: fc.boolean(),
    form: fc.constantFrom<PaddingForm>('none', 'keys', 'queries', 'lengths', 'lengths and more'),
    bits,
    unidirectional: fc.nat(1),
    bias: fc.constantFrom(undefined, [1, 1], [2, 2]),
    scale,
  })
  .map((at): Case => {
    const { batch, queries, keys, heads, depth } = at;
    // Keys that come with their heads split have to be as wide as the values.
    const valueDepth = at.isSplit ? depth : at.valueDepth;
    const hasBias = at.projectionBias && !at.isSplit;
    const bias = at.bias && [at.bias[0] === 1 ? 1 : batch, at.bias[1] === 1 ? 1 : heads, queries, keys];
    const layout = (width: number) => (at.isSplit ? [batch, heads, keys, width] : [batch, keys, heads * width]);
    return {
      variables: {
        query: { dims: [batch, queries, heads * depth], range: [-1, 1] },
        key: { dims: layout(depth), range: [-1, 1] },
        value: { dims: layout(valueDepth), range: [-1, 1] },
        ...(hasBias && { projectionBias: { dims: [heads * (2 * depth + valueDepth)], range: [-1, 1] } }),
        ...(bias && { attentionBias: { dims: bias, range: [-1, 1] } }),
      },
      build: (b) => {
        const mask = constantOrNone(b, padding(at.form, at.bits, [batch, queries, keys]));
        const inputs = ['query', 'key', 'value', hasBias ? 'projectionBias' : '', mask, bias ? 'attentionBias' : ''];
        return b.add('MultiHeadAttention', trimmed(inputs), {
          domain,
          attributes: {
            num_heads: heads,
            unidirectional: at.unidirectional,
            ...scaleAttribute(at.scale),
          },
        });
      },
      type: 'float32',
      ...told(PADDING.indexOf(at.form) > 2),
    };
  });

const onnxAttention = fc
  .record({
    batch: extent,
    queries: extent,
    keys: extent,
    keyHeads: fc.constantFrom(1, 2),
    groups: fc.constantFrom(1, 2),
    depth: extent,
    valueDepth: extent,
    isFlat: fc.boolean(),
    mask: fc.constantFrom('none', 'float', 'bool'),
    maskDims: fc.constantFrom(2, 3, 4),
    bits,
    is_causal: fc.nat(1),
    softcap: fc.constantFrom(0, 0.7),
    scale,
    opset: fc.constantFrom(23, 24),
  })
  .map((at): Case => {
    const { batch, queries, keys, keyHeads, groups, depth, valueDepth, isFlat } = at;
    const heads = keyHeads * groups;
    const layout = (count: number, tokens: number, width: number) =>
      isFlat ? [batch, tokens, count * width] : [batch, count, tokens, width];
    const maskDims = [batch, heads, queries, keys].slice(-at.maskDims);
    const count = maskDims.reduce((product, dim) => product * dim, 1);
    return {
      variables: {
        q: { dims: layout(heads, queries, depth), range: [-1, 1] },
        k: { dims: layout(keyHeads, keys, depth), range: [-1, 1] },
        v: { dims: layout(keyHeads, keys, valueDepth), range: [-1, 1] },
        ...(at.mask === 'float' && { mask: { dims: maskDims, range: [-1, 1] } }),
      },
      build: (b) => {
        // Rows that see nothing are among them.
        const allowed = Uint8Array.from({ length: count }, (_, i) => Math.min(1, at.bits[i % 64] >> 1));
        const mask = {
          none: () => '',
          float: () => 'mask',
          bool: () => b.constant({ type: 'bool' as const, dims: maskDims, data: allowed }),
        }[at.mask as 'none' | 'float' | 'bool']();
        return b.add('Attention', trimmed(['q', 'k', 'v', mask]), {
          attributes: {
            is_causal: at.is_causal,
            softcap: float(at.softcap),
            ...(isFlat ? { q_num_heads: heads, kv_num_heads: keyHeads } : {}),
            ...scaleAttribute(at.scale),
          },
        });
      },
      type: 'float32',
      opset: at.opset,
      // The number of heads stands in the shape.
      ...told(!isFlat),
    };
  });

const groupQueryAttention = fc
  .record({
    batch: fc.constantFrom(1, 2),
    tokens: fc.constantFrom(2, 3),
    keyHeads: fc.constantFrom(1, 2),
    groups: fc.constantFrom(1, 2),
    packed: fc.boolean(),
    rotary: fc.constantFrom('none', 'halves', 'interleaved'),
    shifted: fc.boolean(),
    window: fc.constantFrom(-1, 1, 2),
    softcap: fc.constantFrom(0, 0.7),
    scale,
    hasBias: fc.boolean(),
    by: fc.constantFrom('q', 'k', 'v'),
  })
  .map((at): Case => {
    const { batch, tokens, keyHeads, groups, packed } = at;
    const heads = keyHeads * groups;
    const turns = at.rotary !== 'none';
    // The kernel wants whole vectors of 8, and of 16 where it rotates.
    const depth = turns ? 16 : 8;
    const width = (count: number) => [batch, tokens, count * depth];
    return {
      // One at a time: they are wide.
      wrt: packed ? ['q'] : [at.by],
      variables: packed
        ? { q: { dims: width(heads + 2 * keyHeads), range: [-1, 1] } }
        : {
            q: { dims: width(heads), range: [-1, 1] },
            k: { dims: width(keyHeads), range: [-1, 1] },
            v: { dims: width(keyHeads), range: [-1, 1] },
          },
      build: (b) => {
        const angles = Array.from({ length: ((tokens + 1) * depth) / 2 }, (_, i) => i / 7);
        const table = (of: (angle: number) => number) =>
          turns ? b.constant(floats([tokens + 1, depth / 2], angles.map(of))) : '';
        const places = Array.from({ length: batch * tokens }, (_, i) => 1 + (i % tokens));
        const positions = turns && at.shifted ? b.constant(int64s([batch, tokens], places)) : '';
        const bias = at.hasBias
          ? b.constant(
              floats(
                [1, 1, tokens, tokens],
                Array.from({ length: tokens * tokens }, (_, i) => Math.sin(i)),
              ),
            )
          : '';
        const inputs = [
          ...['q', packed ? '' : 'k', packed ? '' : 'v', '', ''],
          b.constant(int32s([batch], Array(batch).fill(tokens - 1))),
          b.constant(int32s([1], [tokens])),
          ...[table(Math.cos), table(Math.sin), positions, bias],
        ];
        return b.add('GroupQueryAttention', trimmed(inputs), {
          domain,
          attributes: {
            num_heads: heads,
            kv_num_heads: keyHeads,
            do_rotary: turns ? 1 : 0,
            rotary_interleaved: at.rotary === 'interleaved' ? 1 : 0,
            local_window_size: at.window,
            softcap: float(at.softcap),
            ...scaleAttribute(at.scale),
          },
        });
      },
      type: 'float32',
    };
  });

export const fusedAttentionCases: Cases = {
  '.Attention': onnxAttention,
  'com.microsoft.Attention': microsoftAttention,
  'com.microsoft.GroupQueryAttention': groupQueryAttention,
  'com.microsoft.MultiHeadAttention': multiHeadAttention,
};
