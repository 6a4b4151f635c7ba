import type { Dim } from '../model.js';
import type { Emitter } from './emitter.js';

/** Sums and products over the rows of matrices, in the forms that ONNX Runtime's CPU kernels are quickest at. */

/** Columns that ONNX Runtime's matrix product works on at a time. */
const PANEL_COLUMNS = 128;

/** `[…, n]` as one matrix `[rows, n]`. */
export function asRows(e: Emitter, value: string): string {
  const shape = e.shape(value);
  if (shape.length === 2) return value;
  const last = shape.at(-1) as Dim;
  return e.once(`rows ${value}`, () => {
    if (typeof last === 'number' && last > 0) return e.reshapeTo(value, [-1, last]);
    const width = e.emit('Slice', [e.shapeValue(value), e.ints([shape.length - 1]), e.ints([shape.length])]);
    return e.emit('Reshape', [value, e.emit('Concat', [e.ints([-1]), width], { attributes: { axis: 0 } })]);
  });
}

/**
 * The sum of a value over its leading axes, of which `width` elements are left, as a product: with A `[rows, width]` it is 1ᵀ·A
 * `[1, width]`. ONNX Runtime's matrix product is two to seven times as fast as its ReduceSum along the first axis.
 */
export function sumOfRows(e: Emitter, value: string, width: number): string {
  const rows = e.reshapeTo(value, [-1, width]);
  return e.emit('MatMul', [onesFor(e, rows), rows]);
}

/** Ones `[1, rows]` for a matrix `[rows, width]`; one for all matrices that are known to have as many rows. */
function onesFor(e: Emitter, matrix: string): string {
  const [rows] = e.shape(matrix);
  return e.once(`ones ${e.facts(matrix).type} ${rows ?? matrix}`, () => {
    if (typeof rows === 'number') return e.emit('Expand', [e.scalar(1, matrix), e.ints([1, rows])]);
    const shape = e.emit('Concat', [e.ints([1]), e.extent(matrix, 0)], { attributes: { axis: 0 } });
    return e.emit('Expand', [e.scalar(1, matrix), shape]);
  });
}

/**
 * `Aᵀ·B` of two matrices with as many rows: the gradient of a dense layer's weights. ONNX Runtime's product copies a transposed A into
 * place once for every 128 columns of B: where B is the wider one, it is quicker to transpose A first, once.
 */
export function transposedProduct(e: Emitter, a: string, b: string): string {
  const [width, other] = [e.shape(a).at(-1), e.shape(b).at(-1)];
  const isWider = typeof width === 'number' && typeof other === 'number' && other >= width && other > PANEL_COLUMNS;
  if (e.rank(a) !== 2 || !isWider) return e.matmul(a, b, { transA: true });
  // The projections to q, k and v share theirs.
  return e.matmul(
    e.once(`transposed ${a}`, () => e.transposeLast(a)),
    b,
  );
}
