import type { Dim } from '../model.js';
import type { ShapeContext } from '../shapes/context.js';
import { multiplyDims, normalizeAxis, ShapeConflict } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import { inferReduction } from './reduction.js';
import type { OpRule } from './rule.js';

/** Operators that imported models contain and that nobody trains through: only their shapes are inferred. */

function sameAsInput(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  return [{ type, shape }];
}

/** The product over all axes also of what is known of a vector's elements: `Shape → ReduceProd` is a number of elements. */
function inferProduct(context: ShapeContext): Facts[] {
  const [facts] = inferReduction(context);
  const { elements } = context.input(0);
  if (!facts?.shape || !elements || context.input(0).shape?.length !== 1) return facts ? [facts] : [];
  const axes = context.axes();
  const all = axes === 'all' || (axes?.length === 1 && normalizeAxis(axes[0] as number, 1) === 0);
  return [{ ...facts, elements: all ? [multiplyDims(elements)] : undefined }];
}

/** `[batch, in, …]` and `[out, in / group, kernel…]` give `[batch, out, …]`. */
function inferConv(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  const weights = context.shape(1);
  if (!shape || !weights) return [{ type, shape: undefined }];
  if (shape.length !== weights.length) throw new ShapeConflict('input and kernel differ in rank');
  const [batch = null, , ...extents] = shape;
  const kernel = weights.slice(2);
  const spatial = extents.map((extent, i) => {
    const at = (name: string) => context.ints(name)?.[i] ?? 1;
    return slidingExtent(context, extent, {
      kernel: kernel[i] ?? null,
      stride: at('strides'),
      dilation: at('dilations'),
      axis: i,
      axes: extents.length,
    });
  });
  return [{ type, shape: [batch, weights[0] ?? null, ...spatial] }];
}

interface Window {
  kernel: Dim;
  stride: number;
  dilation: number;
  axis: number;
  axes: number;
}

function slidingExtent(context: ShapeContext, extent: Dim, { kernel, stride, dilation, axis, axes }: Window): Dim {
  const autoPad = context.string('auto_pad', 'NOTSET');
  if (autoPad.startsWith('SAME')) {
    if (stride === 1) return extent;
    return typeof extent === 'number' ? Math.ceil(extent / stride) : null;
  }
  const pads = autoPad === 'VALID' ? undefined : context.ints('pads');
  const padding = (pads?.[axis] ?? 0) + (pads?.[axis + axes] ?? 0);
  if (kernel === 1 && stride === 1 && padding === 0) return extent;
  if (typeof extent !== 'number' || typeof kernel !== 'number') return null;
  const left = extent + padding - dilation * (kernel - 1) - 1;
  if (left < 0) throw new ShapeConflict(`a kernel of ${kernel} does not fit into ${extent} elements`);
  return Math.floor(left / stride) + 1;
}

export const forwardOnlyRules: OpRule[] = [
  { op: 'Conv', infer: inferConv },
  { op: 'CumSum', infer: sameAsInput },
  { op: 'ReduceProd', infer: inferProduct },
];
