import { UnsupportedUse } from '../emit/refusals.js';
import { channelSum } from '../emit/shaping.js';
import { kernelGradient, slideBack, spanOf } from '../emit/sliding.js';
import type { Dim } from '../model.js';
import type { ShapeContext } from '../shapes/context.js';
import { isStatic, multiplyDims, ShapeConflict, unifyDim } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import type { GradientContext } from './gradient-context.js';
import type { InputGradient, OpRule } from './rule.js';
import { kernelOf, slidingOf, slidOver } from './windows.js';

/** Convolutions over any number of axes: `[batch, channels, …]` by kernels, plus a bias per channel. */

function groupOf(context: ShapeContext | GradientContext): number {
  const group = context.int('group', 1);
  if (!Number.isSafeInteger(group) || group < 1) throw new ShapeConflict(`a group of ${group}`);
  return group;
}

/** Input and kernel, once both are known to be of one rank. */
function operands(context: ShapeContext): { x: Dim[]; w: Dim[] } | undefined {
  const [x, w] = [context.shape(0), context.shape(1)];
  if (!x || !w) return undefined;
  if (x.length !== w.length) throw new ShapeConflict('input and kernel differ in rank');
  if (x.length < 3) throw new ShapeConflict('its input has no axes after batch and channels');
  return { x, w };
}

/** `[batch, in, …]` and `[out, in / group, kernel…]` give `[batch, out, …]`. */
function inferConv(context: ShapeContext): Facts[] {
  const { type } = context.input(0);
  const shapes = operands(context);
  if (!shapes) return [{ type, shape: undefined }];
  const { x, w } = shapes;
  const kernel = kernelOf(context, x.length - 2, w) ?? [];
  const extents = slidOver(context, x, kernel);
  const [channels, wanted] = [x[1], multiplyDims([w[1], groupOf(context)])];
  if (typeof channels === 'number' && typeof wanted === 'number' && channels !== wanted) {
    throw new ShapeConflict(`its input has ${channels} channels, its kernel and group want ${wanted}`);
  }
  return [{ type, shape: [x[0], w[0], ...extents] }];
}

/** The kernel's extents as numbers; `weights` of unknown rank have been refused before. */
function knownKernel(context: GradientContext): number[] {
  const shape = context.shape(1);
  const kernel = kernelOf(context, shape.length - 2, shape);
  if (!isStatic(kernel)) throw new UnsupportedUse('the extents of its kernel are not known before the graph runs');
  return kernel;
}

function convGradient(context: GradientContext): InputGradient[] {
  const { emitter: e, dy } = context;
  const [x, w] = [context.input(0), context.input(1)];
  const windows = slidingOf(context, context.shape(0), knownKernel(context));
  const group = groupOf(context);
  return [
    () => slideBack(e, { dy, kernel: w, like: x, windows, group }),
    () => kernelGradient(e, { x, dy, like: w, windows, group }),
    () => channelSum(e, dy),
  ];
}

/** `[batch, in, …]` and `[in, out / group, kernel…]` give `[batch, out, …]`. */
function inferConvTranspose(context: ShapeContext): Facts[] {
  const { type } = context.input(0);
  const shapes = operands(context);
  if (!shapes) return [{ type, shape: undefined }];
  const { x, w } = shapes;
  unifyDim(x[1], w[0]);
  const kernel = kernelOf(context, x.length - 2, w) ?? [];
  const outputs = context.ints('output_padding') ?? [];
  const autoPad = context.string('auto_pad', 'NOTSET');
  const paddings = context.ints('pads') ?? [];
  const extents = x.slice(2).map((extent, axis): Dim => {
    const given = context.ints('output_shape')?.[axis];
    if (given !== undefined) return given;
    const [size, stride] = [kernel[axis], context.ints('strides')?.[axis] ?? 1];
    if (typeof extent !== 'number') return null;
    if (autoPad.startsWith('SAME')) return extent * stride;
    if (typeof size !== 'number') return null;
    const pads = autoPad === 'VALID' ? 0 : (paddings[axis] ?? 0) + (paddings[axis + x.length - 2] ?? 0);
    const span = spanOf({ kernel: size, dilation: context.ints('dilations')?.[axis] ?? 1 });
    return (extent - 1) * stride + span + (outputs[axis] ?? 0) - pads;
  });
  return [{ type, shape: [x[0], multiplyDims([w[1], groupOf(context)]), ...extents] }];
}

/** The adjoint of a convolution: what is its gradient there is its value here, and the other way about. */
function convTransposeGradient(context: GradientContext): InputGradient[] {
  const { emitter: e, node, dy } = context;
  const [x, w] = [context.input(0), context.input(1)];
  const autoPad = context.string('auto_pad', 'NOTSET');
  if (node.attributes.output_shape || autoPad.startsWith('SAME')) {
    throw new UnsupportedUse('padding by output_shape or auto_pad is not supported: give it as pads');
  }
  const windows = slidingOf(context, context.shape(0), knownKernel(context));
  if (context.ints('output_padding')?.some((padding, axis) => padding >= (windows[axis]?.stride ?? 1))) {
    throw new UnsupportedUse('an output_padding that is not below the stride is not supported');
  }
  const group = groupOf(context);
  const attributes = {
    group,
    strides: windows.map(({ stride }) => stride),
    dilations: windows.map(({ dilation }) => dilation),
    pads: [...windows.map(({ begin }) => begin), ...windows.map(({ end }) => end)],
  };
  return [
    () => e.assumeShape(e.emit('Conv', [dy, w], { attributes }), x),
    () => kernelGradient(e, { x: dy, dy: x, like: w, windows, group }),
    () => channelSum(e, dy),
  ];
}

export const convolutionRules: OpRule[] = [
  { op: 'Conv', infer: inferConv, gradient: convGradient },
  { op: 'ConvTranspose', infer: inferConvTranspose, gradient: convTransposeGradient },
];
