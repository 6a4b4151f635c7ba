import type { Emitter } from '../emit/emitter.js';
import { addAt } from '../emit/positions.js';
import { UnsupportedUse } from '../emit/refusals.js';
import { type Extent, extentsOf, fitTo, shapeVector } from '../emit/shaping.js';
import { type Sliding, slideBack, spanOf } from '../emit/sliding.js';
import type { ShapeContext } from '../shapes/context.js';
import { isStatic, ShapeConflict } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import type { GradientContext } from './gradient-context.js';
import type { InputGradient, OpRule } from './rule.js';
import { kernelOf, slidingOf, slidOver } from './windows.js';

/** Pools: one number for every window of each channel. */

function inferPool(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  if (!shape) return [{ type, shape }];
  const kernel = kernelOf(context, shape.length - 2);
  if (!kernel) throw new ShapeConflict('its kernel_shape is missing');
  const pooled = [...shape.slice(0, 2), ...slidOver(context, shape, kernel)];
  return [
    { type, shape: pooled },
    { type: 'int64', shape: pooled },
  ];
}

/** All axes after batch and channels become 1. */
function inferGlobalPool(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  return [{ type, shape: shape?.map((dim, axis) => (axis < 2 ? dim : 1)) }];
}

/** The second output tells where each maximum stood in the whole tensor, counted row by row: its gradient goes back there. */
function maxPoolGradient(context: GradientContext): InputGradient[] {
  if (context.int('storage_order', 0) !== 0)
    throw new UnsupportedUse('indices in column-major order are not supported');
  // Windows that do not overlap have no maximum in common, and nothing needs to be added up.
  const disjoint = context.ints('kernel_shape')?.every((kernel, axis) => {
    const dilation = context.ints('dilations')?.[axis] ?? 1;
    return (context.ints('strides')?.[axis] ?? 1) >= spanOf({ kernel, dilation });
  });
  return [() => addAt(context.emitter, context.input(0), context.optionalOutput(1), context.dy, disjoint)];
}

function spatialAxes(e: Emitter, x: string): number[] {
  return e.shape(x).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
}

/**
 * AveragePool: y = Σ x / count over each window. dy / count, added to all that the window saw: a transposed convolution of each
 * channel by a kernel of ones.
 */
function averagePoolGradient(context: GradientContext): InputGradient[] {
  const { emitter: e, dy } = context;
  const x = context.input(0);
  const kernel = kernelOf(context, e.rank(x) - 2);
  if (!isStatic(kernel)) throw new ShapeConflict('its kernel_shape is missing');
  const windows = slidingOf(context, context.shape(0), kernel);
  const exact = context.int('ceil_mode', 0) === 0;
  /** Channels pool alone: they are like rows of a batch. */
  const alone = (value: string) => {
    const shape: Extent[] = [-1, 1, ...extentsOf(e, value, 2)];
    return e.emit('Reshape', [value, shapeVector(e, shape)]);
  };
  return [
    () => {
      const counted = context.int('count_include_pad', 0) !== 0;
      if (counted && e.opset < 19 && context.int('ceil_mode', 0) !== 0) {
        throw new UnsupportedUse('before opset 19 runtimes disagree on what count_include_pad counts under ceil_mode');
      }
      const share = e.div(dy, counts(e, { x, dy, windows, counted, exact }));
      const ones = e.emit('Expand', [e.scalar(1, x), e.ints([1, 1, ...kernel])]);
      const like = alone(x);
      return e.reshapeLike(slideBack(e, { dy: alone(share), kernel: ones, like, windows, exact }), x);
    },
  ];
}

/**
 * Number of elements in every window, `[1, 1, windows…]`, or one number for all: those of the input and, where `counted`, those
 * of its padding. Beyond that a last window may reach (ceil_mode), where nothing counts.
 */
function counts(
  e: Emitter,
  at: { x: string; dy: string; windows: Sliding[]; counted: boolean; exact: boolean },
): string {
  const { x, windows, counted, exact } = at;
  if (exact && (counted || windows.every(({ begin, end }) => begin + end === 0))) {
    return e.scalar(
      windows.reduce((product, { kernel }) => product * kernel, 1),
      x,
    );
  }
  // Counting is summing ones, which a convolution by ones does. Its room at the end makes up for ceil_mode.
  const extents = e.emit('Slice', [e.shapeValue(x), e.ints([2]), e.ints([e.rank(x)])]);
  const padding = windows.map(({ begin, end }) => (counted ? begin + end : 0));
  const shape = e.emit('Concat', [e.ints([1, 1]), e.addTo(extents, e.ints(padding))], { attributes: { axis: 0 } });
  const kernel = e.ints([1, 1, ...windows.map((window) => window.kernel)]);
  const one = e.scalar(1, x);
  const summed = e.emit('Conv', [e.emit('Expand', [one, shape]), e.emit('Expand', [one, kernel])], {
    attributes: {
      strides: windows.map(({ stride }) => stride),
      dilations: windows.map(({ dilation }) => dilation),
      pads: [
        ...windows.map(({ begin }) => (counted ? 0 : begin)),
        ...windows.map(({ end, stride }) => (counted ? 0 : end) + (exact ? 0 : stride - 1)),
      ],
    },
  });
  if (exact) return summed;
  const first = e.emit('Slice', [at.dy, e.ints([0, 0]), e.ints([1, 1]), e.ints([0, 1])]);
  return fitTo(e, summed, first);
}

export const poolingRules: OpRule[] = [
  { op: 'MaxPool', infer: inferPool, gradient: maxPoolGradient },
  { op: 'AveragePool', infer: (context) => inferPool(context).slice(0, 1), gradient: averagePoolGradient },
  {
    op: 'GlobalAveragePool',
    infer: inferGlobalPool,
    gradient: (context) => [
      () => {
        const { emitter: e, dy } = context;
        const x = context.input(0);
        const type = e.facts(x).type ?? 'float32';
        const size = (value: string) => e.cast(e.emit('Size', [value]), type);
        const dims = spatialAxes(e, x).map((axis) => e.shape(x)[axis]);
        const count = isStatic(dims)
          ? e.scalar(
              dims.reduce((product, dim) => product * dim, 1),
              x,
            )
          : e.div(size(x), size(dy));
        return e.expandLike(e.div(dy, count), x);
      },
    ],
  },
  {
    // To the elements that attain it, shared equally among ties.
    op: 'GlobalMaxPool',
    infer: inferGlobalPool,
    gradient: (context) => [
      () => {
        const { emitter: e, dy } = context;
        const x = context.input(0);
        const attained = e.cast(e.emit('Equal', [x, context.output(0)]), e.facts(x).type ?? 'float32');
        return e.mul(attained, e.div(dy, e.reduceSum(attained, spatialAxes(e, x))));
      },
    ],
  },
];
