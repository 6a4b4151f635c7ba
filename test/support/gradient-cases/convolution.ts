import fc from 'fast-check';
import type { AttributeInput } from '../../../packages/onnx/src/index.ts';
import type { Case, Cases } from './generators.ts';

/** ONNX Runtime has these operators for float32 only. */
const float32 = { type: 'float32' } as const;

/** How a kernel slides along one axis. */
const axis = fc.record({
  extent: fc.integer({ min: 2, max: 5 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  dilation: fc.integer({ min: 1, max: 2 }),
  begin: fc.nat(1),
  end: fc.nat(2),
});
export type Axis = typeof axis extends fc.Arbitrary<infer A> ? A : never;

/** Axes on which the kernel fits: the extent grows to its span where need be. */
export const slidingAxes = fc
  .array(axis, { minLength: 1, maxLength: 2 })
  .map((axes) => axes.map((at): Axis => ({ ...at, extent: Math.max(at.extent, at.dilation * (at.kernel - 1) + 1) })));

export function padding(axes: Axis[], autoPad: string): Record<string, AttributeInput> {
  if (autoPad !== 'NOTSET') return { auto_pad: autoPad };
  return { pads: [...axes.map(({ begin }) => begin), ...axes.map(({ end }) => end)] };
}

export function attributesOf(axes: Axis[]): Record<string, AttributeInput> {
  return {
    kernel_shape: axes.map(({ kernel }) => kernel),
    strides: axes.map(({ stride }) => stride),
    dilations: axes.map(({ dilation }) => dilation),
  };
}

/** Shapes known and unknown but where the padding can only be worked out from them. */
export const shapesFor = (axes: Axis[], autoPad: string, asked: 'static' | 'opaque') =>
  autoPad.startsWith('SAME') && axes.some(({ stride }) => stride > 1) ? 'static' : asked;

export const asked = fc.constantFrom('static' as const, 'opaque' as const);

/** ONNX Runtime does not dilate where it works out the padding itself. */
const conv = fc
  .record({
    axes: slidingAxes,
    batch: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 2 }),
    channels: fc.integer({ min: 1, max: 2 }),
    out: fc.integer({ min: 1, max: 2 }),
    bias: fc.boolean(),
    autoPad: fc.constantFrom('NOTSET', 'NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'),
    asked,
  })
  .map(({ axes: any, batch, group, channels, out, bias, autoPad, asked }): Case => {
    const axes = any.map((at) => (autoPad.startsWith('SAME') ? { ...at, dilation: 1 } : at));
    const extents = axes.map((at) => at.extent);
    return {
      variables: {
        x: { dims: [batch, group * channels, ...extents] },
        w: { dims: [group * out, channels, ...axes.map(({ kernel }) => kernel)] },
        ...(bias ? { bias: { dims: [group * out] } } : {}),
      },
      build: (b) =>
        b.add('Conv', ['x', 'w', ...(bias ? ['bias'] : [])], {
          attributes: { ...attributesOf(axes), ...padding(axes, autoPad), group },
        }),
      shapes: shapesFor(axes, autoPad, asked),
      ...float32,
    };
  });

const convTranspose = fc
  .record({
    axes: slidingAxes,
    batch: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 2 }),
    channels: fc.integer({ min: 1, max: 2 }),
    out: fc.integer({ min: 1, max: 2 }),
    bias: fc.boolean(),
    surplus: fc.boolean(),
  })
  .map(
    ({ axes, batch, group, channels, out, bias, surplus }): Case => ({
      variables: {
        x: { dims: [batch, group * channels, ...axes.map((at) => at.extent)] },
        w: { dims: [group * channels, out, ...axes.map(({ kernel }) => kernel)] },
        ...(bias ? { bias: { dims: [group * out] } } : {}),
      },
      build: (b) =>
        b.add('ConvTranspose', ['x', 'w', ...(bias ? ['bias'] : [])], {
          attributes: {
            ...attributesOf(axes),
            ...padding(axes, 'NOTSET'),
            output_padding: axes.map(({ stride }) => (surplus ? stride - 1 : 0)),
            group,
          },
        }),
      ...float32,
    }),
  );

export const convolutionCases: Cases = { '.Conv': conv, '.ConvTranspose': convTranspose };
