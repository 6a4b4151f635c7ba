import { addAt, positionsIn } from '../emit/positions.js';
import type { Dim } from '../model.js';
import type { ShapeContext } from '../shapes/context.js';
import { addDims, normalizeAxis, ShapeConflict, subtractDims, unifyDim } from '../shapes/dims.js';
import { type Facts, MAX_ELEMENTS } from '../shapes/facts.js';
import type { GradientContext } from './gradient-context.js';
import type { InputGradient, OpRule } from './rule.js';

/** Operators that join and cut tensors. */

function inferConcat(context: ShapeContext): Facts[] {
  const inputs = Array.from({ length: context.inputCount }, (_, i) => context.input(i));
  const { type } = context.input(0);
  const count = inputs.reduce((sum, facts) => sum + (facts.elements?.length ?? Number.POSITIVE_INFINITY), 0);
  // Bounded, since joining a value to itself doubles it, which a hostile file may do at every node.
  const elements = count <= MAX_ELEMENTS ? inputs.flatMap((facts) => facts.elements as Dim[]) : undefined;
  const shapes = inputs.map(({ shape }) => shape);
  const first = shapes.find((shape) => shape !== undefined);
  if (!first) return [{ type, shape: undefined, elements }];
  const axis = normalizeAxis(context.int('axis', 0), first.length);
  const shape = first.map((_, i) =>
    shapes
      .map((own) => {
        if (own && own.length !== first.length) throw new ShapeConflict('its inputs differ in rank');
        return own ? own[i] : null;
      })
      .reduce(i === axis ? addDims : unifyDim),
  );
  return [{ type, shape, elements }];
}

/** Each input gets its stretch of the gradient. */
function concatGradient(context: GradientContext): InputGradient[] {
  const { emitter: e, node, dy } = context;
  const axis = context.axis(0);
  const sizes = node.inputs.map((input) => e.shape(input)[axis]);
  /** Where each input starts, and where the last ends: numbers as far as they are known, then computed. */
  const ends: string[] = [e.ints([0])];
  const endAfter = (i: number): string => {
    const until = sizes.slice(0, i);
    if (until.every((size) => typeof size === 'number')) return e.ints([until.reduce((sum, size) => sum + size, 0)]);
    ends[i] ??= e.emit('Add', [endAfter(i - 1), e.extent(node.inputs[i - 1], axis)]);
    return ends[i];
  };
  return node.inputs.map((_, i) => () => e.emit('Slice', [dy, endAfter(i), endAfter(i + 1), e.ints([axis])]));
}

/** Starts, ends, axes and steps as far as they are known; older opsets have them as attributes. */
function sliceBounds(context: ShapeContext, rank: number) {
  const starts = context.ints('starts') ?? context.optional(1).elements;
  const ends = context.ints('ends') ?? context.optional(2).elements;
  const count = starts?.length ?? ends?.length ?? 0;
  const defaultAxes = Array.from({ length: count }, (_, i) => i);
  const axes = context.ints('axes') ?? (context.has(3) ? context.knownInts(3) : defaultAxes);
  const steps = context.has(4) ? context.knownInts(4) : Array<number>(count).fill(1);
  return { starts, ends, axes: axes?.map((axis) => normalizeAxis(axis, rank)), steps };
}

/** Number of elements from `start` to `end` by `step` of an axis of `dim`, by ONNX's rules of clamping. */
function sliceExtent(dim: Dim, start: Dim, end: Dim, step: number): Dim {
  if (step === 0) throw new ShapeConflict('a step of 0');
  if (typeof start !== 'number') return null;
  if (step === 1 && typeof end !== 'number') return start === 0 && end === dim ? dim : null;
  if (typeof end !== 'number') return null;
  if (typeof dim !== 'number') {
    // To the end of a named axis: `x[1:]`, `x[:-1]`. Only what surely does not clamp is known.
    return step === 1 && start === 0 && end >= Number.MAX_SAFE_INTEGER ? dim : null;
  }
  const clamp = (value: number, low: number, high: number) =>
    Math.min(Math.max(value < 0 ? value + dim : value, low), high);
  if (step > 0) return Math.max(0, Math.ceil((clamp(end, 0, dim) - clamp(start, 0, dim)) / step));
  return Math.max(0, Math.ceil((clamp(end, -1, dim - 1) - clamp(start, 0, dim - 1)) / step));
}

function inferSlice(context: ShapeContext): Facts[] {
  const { type, shape, elements } = context.input(0);
  if (!shape) return [{ type, shape }];
  const { starts, ends, axes, steps } = sliceBounds(context, shape.length);
  if (!axes) return [{ type, shape: shape.map(() => null) }];
  const made = [...shape];
  axes.forEach((axis, i) => {
    made[axis] = sliceExtent(shape[axis], starts?.[i] ?? null, ends?.[i] ?? null, steps?.[i] ?? 1);
    if (steps === undefined) made[axis] = null;
  });
  const [start, end, step] = [starts?.[0], ends?.[0], steps?.[0]];
  const cut = elements && step === 1 && typeof start === 'number' && typeof end === 'number';
  return [{ type, shape: made, elements: cut ? elements.slice(start, end) : undefined }];
}

/**
 * Slice: zeros of the input's shape with dY in its place. Unit steps from a known start are a Pad; anything else (a step, a start
 * counted from an end that only the running graph knows) puts dY back at the positions that the same Slice picks.
 */
function sliceGradient(context: GradientContext): InputGradient[] {
  const { emitter: e, node } = context;
  return [
    () => {
      const x = context.input(0);
      const rank = e.rank(x);
      const starts = context.knownInts(1);
      const axes = context.has(3) ? context.knownInts(3) : starts?.map((_, axis) => axis);
      const steps = context.has(4) ? context.knownInts(4) : starts?.map(() => 1);
      const normal = axes?.map((axis) => normalizeAxis(axis, rank));
      const plain = normal && starts?.every((start, i) => fromFront(start, e.shape(x)[normal[i]]) !== undefined);
      if (starts && plain && steps?.every((step) => step === 1)) return padBack(context, normal, starts);
      const picked = e.emit('Slice', [positionsIn(e, x), ...node.inputs.slice(1)]);
      return addAt(e, x, picked, context.dy, true);
    },
  ];
}

/** A start counted from the front and within the axis, or undefined where that cannot be told. */
function fromFront(start: number, dim: Dim): number | undefined {
  if (typeof dim === 'number') return Math.min(Math.max(start < 0 ? start + dim : start, 0), dim);
  // Past the end of a named axis nothing is left, and no padding could make up for it.
  return start === 0 ? 0 : undefined;
}

function padBack(context: GradientContext, axes: number[], starts: number[]): string {
  const { emitter: e, dy } = context;
  const x = context.input(0);
  const shape = e.shape(x);
  const before = Array<number>(shape.length).fill(0);
  axes.forEach((axis, i) => {
    before[axis] = fromFront(starts[i], shape[axis]) ?? 0;
  });
  const after = e.shape(dy).map((dim, axis) => {
    if (!axes.includes(axis)) return 0;
    const left = subtractDims(shape[axis], dim);
    return typeof left === 'number' ? left - before[axis] : null;
  });
  const pads = after.every((dim) => dim !== null)
    ? e.ints([...before, ...after])
    : e.emit('Concat', [e.ints(before), e.sub(e.sub(e.shapeValue(x), e.shapeValue(dy)), e.ints(before))], {
        attributes: { axis: 0 },
      });
  return e.emit('Pad', [dy, pads, e.scalar(0, dy)]);
}

function inferSplit(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  const count = context.node.outputs.length;
  if (!shape) return Array(count).fill({ type, shape });
  const axis = normalizeAxis(context.int('axis', 0), shape.length);
  const dim = shape[axis];
  const even = typeof dim === 'number' ? Math.ceil(dim / count) : null;
  const sizes = context.ints('split') ?? (context.has(1) ? context.input(1).elements : undefined);
  return Array.from({ length: count }, (_, i) => {
    const last = typeof dim === 'number' && even !== null && i === count - 1 ? dim - even * (count - 1) : even;
    return { type, shape: shape.with(axis, sizes ? (sizes[i] ?? null) : context.has(1) ? null : last) };
  });
}

export const slicingRules: OpRule[] = [
  { op: 'Concat', infer: inferConcat, gradient: concatGradient },
  { op: 'Slice', infer: inferSlice, gradient: sliceGradient },
  {
    op: 'Split',
    infer: inferSplit,
    gradient: (context) => [
      () => {
        const parts = context.node.outputs.map(
          (_, i) => context.outputGradient(i) ?? context.emitter.zerosLike(context.optionalOutput(i)),
        );
        return context.emitter.emit('Concat', parts, { attributes: { axis: context.axis(0) } });
      },
    ],
  },
];
