import type { LoweringContext, TfRule } from '../lowering.js';

/** `Slice` and `StridedSlice`: the one by begin and size, the other by Python's `x[begin:end:stride]` with all its forms. */
export const SLICE: Record<string, TfRule> = {
  Slice: slice,
  StridedSlice: stridedSlice,
};

/** ONNX clamps an end to the extent, so this is "to the end"; its negative "past the beginning", for negative strides. */
const END = Number.MAX_SAFE_INTEGER;

function slice(node: LoweringContext, x: string, beginInput: string, sizeInput: string): string {
  const begin = node.constantInts(beginInput, 'begin');
  const axes = begin.map((_, axis) => axis);
  const size = node.elementsOf(sizeInput);
  if (!size || size.includes(null)) throw node.unsupported('computes its size at run time');
  const ends = size.map((extent, i) => {
    if (extent === -1) return END;
    return typeof extent === 'number' ? (begin[i] ?? 0) + extent : undefined;
  });
  // An extent that is known by name only is read at run time.
  const computed = ends.includes(undefined) ? node.emit('Add', [beginInput, sizeInput]) : '';
  return node.emit('Slice', [x, beginInput, mixedVector(node, ends, computed), node.vector(axes)]);
}

/** One entry of the sparse spec, `begin:end:stride`, applied to one axis of the input. */
interface Axis {
  axis: number;
  begin: number;
  /** Undefined where it is computed at run time: then it is element `spec` of the end input. */
  end: number | undefined;
  spec: number;
  stride: number;
}

/**
 * The masks have one bit per entry of the spec (StridedSlice in TensorFlow's op reference): `begin_mask` and `end_mask` ignore the
 * entry's bound, `ellipsis_mask` lets it stand for as many whole axes as are left, `new_axis_mask` inserts an axis of 1 there,
 * `shrink_axis_mask` takes the single element at `begin` and drops the axis.
 */
function stridedSlice(
  node: LoweringContext,
  x: string,
  beginInput: string,
  endInput: string,
  stridesInput: string,
): string {
  const begin = node.constantInts(beginInput, 'begin');
  const strides = node.constantInts(stridesInput, 'strides');
  const end = node.elementsOf(endInput) ?? begin.map(() => null);
  const has = (mask: string, i: number) => (node.int(mask, 0) & (1 << i)) !== 0;
  const axes: Axis[] = [];
  const inserted: number[] = [];
  const dropped: number[] = [];
  let axis = 0;
  // Position in the result before axes are dropped, where new axes are inserted.
  let position = 0;
  begin.forEach((from, i) => {
    if (has('ellipsis_mask', i)) {
      const rest = begin.slice(i + 1).filter((_, j) => !has('new_axis_mask', i + 1 + j)).length;
      const covered = node.rankOf(x) - axis - rest;
      axis += covered;
      position += covered;
      return;
    }
    if (has('new_axis_mask', i)) {
      inserted.push(position++);
      return;
    }
    const stride = strides[i] ?? 1;
    if (has('shrink_axis_mask', i)) {
      dropped.push(position);
      // The element before the first has no end that could be written as a number: x[-1:0] is empty.
      axes.push({ axis, begin: from, end: from === -1 ? END : from + 1, spec: i, stride: 1 });
    } else {
      const first = has('begin_mask', i) ? (stride > 0 ? 0 : END) : from;
      const bound = has('end_mask', i) ? (stride > 0 ? END : -END) : end[i];
      const whole = first === 0 && bound === END && stride === 1;
      if (!whole)
        axes.push({ axis, begin: first, end: typeof bound === 'number' ? bound : undefined, spec: i, stride });
    }
    axis++;
    position++;
  });
  const sliced = axes.length === 0 ? x : sliceAxes(node, x, axes, endInput);
  const widened = inserted.length === 0 ? sliced : node.emit('Unsqueeze', [sliced, node.vector(inserted)]);
  return dropped.length === 0 ? widened : node.emit('Squeeze', [widened, node.vector(dropped)]);
}

function sliceAxes(node: LoweringContext, x: string, axes: Axis[], endInput: string): string {
  const computed = axes.some(({ end }) => end === undefined)
    ? node.emit('Gather', [endInput, node.vector(axes.map(({ spec }) => spec))], { axis: 0 })
    : '';
  const ends = mixedVector(
    node,
    axes.map(({ end }) => end),
    computed,
  );
  const inputs = [x, node.vector(axes.map(({ begin }) => begin)), ends, node.vector(axes.map((entry) => entry.axis))];
  if (axes.some(({ stride }) => stride !== 1)) inputs.push(node.vector(axes.map(({ stride }) => stride)));
  return node.emit('Slice', inputs);
}

/** A vector of the known `values`, and of the elements of `computed` (as long) where they are unknown. */
function mixedVector(node: LoweringContext, values: (number | undefined)[], computed: string): string {
  if (values.every((value) => value !== undefined)) return node.vector(values as number[]);
  if (values.every((value) => value === undefined)) return computed;
  const parts = values.map((value, i) =>
    value === undefined ? node.emit('Slice', [computed, node.vector([i]), node.vector([i + 1])]) : node.vector([value]),
  );
  return node.emit('Concat', parts, { axis: 0 });
}
