import fc from 'fast-check';
import { type Axis, asked, attributesOf, padding, shapesFor, slidingAxes } from './convolution.ts';
import { type Case, type Cases, extent } from './generators.ts';

/**
 * True where ceil_mode makes a last window that would start behind the input: ONNX Runtime's kernels leave it out, its own shape
 * inference does not, and refuses the graph if shapes are given.
 */
function leavesOutWindow({ extent, kernel, stride, dilation, begin, end }: Axis): boolean {
  const windows = Math.ceil((extent + begin + end - (dilation * (kernel - 1) + 1)) / stride) + 1;
  return (windows - 1) * stride >= extent + begin;
}

/** Pooling pads less than its kernel: a window that saw nothing would have no value. */
const pool = (op: string, type: 'float32' | 'float64', range?: [number, number]) =>
  fc
    .record({
      axes: slidingAxes,
      batch: fc.integer({ min: 1, max: 2 }),
      channels: extent,
      ceil_mode: fc.nat(1),
      count_include_pad: fc.nat(1),
      dilated: fc.boolean(),
      autoPad: fc.constantFrom('NOTSET', 'NOTSET', 'NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'),
      asked,
    })
    .map(({ axes: any, batch, channels, ceil_mode, count_include_pad, dilated, autoPad, asked }): Case => {
      const ceil = ceil_mode === 1 && autoPad === 'NOTSET';
      const same = autoPad.startsWith('SAME');
      const axes = any.map((at) => ({
        ...at,
        // ONNX Runtime refuses to pad by itself where windows leave gaps.
        stride: same ? Math.min(at.stride, at.kernel) : at.stride,
        dilation: dilated && autoPad === 'NOTSET' ? at.dilation : 1,
        begin: Math.min(at.begin, at.kernel - 1),
        end: Math.min(at.end, at.kernel - 1),
      }));
      return {
        variables: { x: { dims: [batch, channels, ...axes.map((at) => at.extent)], range } },
        // AveragePool has dilations since opset 19.
        opset: 19,
        build: (b) =>
          b.add(op, ['x'], {
            attributes: {
              ...attributesOf(axes),
              ...padding(axes, autoPad),
              ceil_mode: ceil ? 1 : 0,
              ...(op === 'AveragePool' ? { count_include_pad } : {}),
            },
          }),
        shapes: ceil && axes.some(leavesOutWindow) ? 'opaque' : shapesFor(axes, autoPad, asked),
        type,
      };
    });

function globalPool(op: string, range?: [number, number]) {
  return fc.array(extent, { minLength: 3, maxLength: 4 }).map(
    (dims): Case => ({
      variables: { x: { dims, range } },
      build: (b) => b.add(op, ['x']),
      type: 'float32',
    }),
  );
}

export const poolingCases: Cases = {
  '.AveragePool': pool('AveragePool', 'float32'),
  '.GlobalAveragePool': globalPool('GlobalAveragePool'),
  // Far apart, so that no difference is taken across a change of the maximum.
  '.GlobalMaxPool': globalPool('GlobalMaxPool', [-200, 200]),
  '.MaxPool': pool('MaxPool', 'float64'),
};
