import type { Emitter } from '../emit/emitter.js';
import { UnsupportedUse } from '../emit/refusals.js';
import { asRows, transposedProduct } from '../emit/row-products.js';
import { sumTo } from '../emit/sum-to.js';
import type { Dim } from '../model.js';
import type { ShapeContext } from '../shapes/context.js';
import { broadcastShapes, ShapeConflict, unifyDim } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import type { GradientContext } from './gradient-context.js';
import type { InputGradient, OpRule } from './rule.js';

/** Swaps the last two extents where asked. */
function oriented(shape: Dim[], transposed: boolean): Dim[] {
  return transposed ? [...shape.slice(0, -2), shape.at(-1) as Dim, shape.at(-2) as Dim] : shape;
}

/** Shape of `[…, m, k] · […, k, n]`; a vector is a row on the left and a column on the right, and its axis goes away. */
function productShape(a: Dim[], b: Dim[]): Dim[] {
  if (a.length === 0 || b.length === 0) throw new ShapeConflict('a scalar cannot be multiplied as a matrix');
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  try {
    unifyDim(left.at(-1) as Dim, right.at(-2) as Dim);
  } catch {
    throw new ShapeConflict(`the inner extents ${left.at(-1)} and ${right.at(-2)} differ`);
  }
  const batch = broadcastShapes([left.slice(0, -2), right.slice(0, -2)]);
  return [...batch, ...(a.length === 1 ? [] : [left.at(-2) as Dim]), ...(b.length === 1 ? [] : [right.at(-1) as Dim])];
}

function inferProduct(context: ShapeContext, transA = false, transB = false): Facts {
  const [a, b] = [context.shape(0), context.shape(1)];
  const { type } = context.input(0);
  return { type, shape: a && b ? productShape(oriented(a, transA), oriented(b, transB)) : undefined };
}

/** `op(A)·op(B)` of two matrices (with leading axes), where op transposes as the flags say. */
interface Product {
  a: string;
  b: string;
  transA: boolean;
  transB: boolean;
}

/** For Y = A·B: dA = dY·Bᵀ; for Y = Aᵀ·B it is that transposed, B·dYᵀ. Leading axes are those of dY. */
function leftGradient(e: Emitter, { b, transA, transB }: Product, dy: string): string {
  if (transA) return e.matmul(b, dy, { transA: transB, transB: true });
  return e.matmul(dy, b, { transB: !transB });
}

/** For Y = A·B: dB = Aᵀ·dY; for Y = A·Bᵀ it is that transposed, dYᵀ·A. */
function rightGradient(e: Emitter, { a, transA, transB }: Product, dy: string): string {
  if (transB) return e.matmul(dy, a, { transA: true, transB: transA });
  // With one row in A it is an outer product, and a broadcast multiplication is quicker than a GEMM with k = 1.
  if (!transA && e.shape(a).at(-2) === 1) return e.mul(e.transposeLast(a), dy);
  return transA ? e.matmul(a, dy) : transposedProduct(e, a, dy);
}

/** MatMul. Vectors become matrices first; gradients are summed over the leading axes that were broadcast. */
function matmulGradient(context: GradientContext): InputGradient[] {
  const { emitter: e } = context;
  const [a, b] = [context.input(0), context.input(1)];
  const [vectorA, vectorB] = [e.rank(a) === 1, e.rank(b) === 1];
  const left = context.shared(() => (vectorA ? e.unsqueeze(a, [0]) : a));
  const right = context.shared(() => (vectorB ? e.unsqueeze(b, [1]) : b));
  const dy = context.shared(() => {
    const column = vectorB ? e.unsqueeze(context.dy, [-1]) : context.dy;
    return vectorA ? e.unsqueeze(column, [-2]) : column;
  });
  const product = () => ({ a: left(), b: right(), transA: false, transB: false });
  return [
    () => e.reshapeLike(sumTo(e, leftGradient(e, product(), dy()), left()), a),
    () => {
      // Where B is one matrix for all leading axes, those are rows like any other: one GEMM does it.
      const flat = e.rank(right()) === 2 && e.rank(left()) > 2;
      const db = flat
        ? transposedProduct(e, asRows(e, left()), asRows(e, dy()))
        : sumTo(e, rightGradient(e, product(), dy()), right());
      return e.reshapeLike(db, b);
    },
  ];
}

/** Gemm: Y = alpha·op(A)·op(B) + beta·C. */
function gemmGradient(context: GradientContext): InputGradient[] {
  const { emitter: e, dy } = context;
  const scaled = (value: string, factor: number) => (factor === 1 ? value : e.mul(value, e.scalar(factor, value)));
  const product = {
    a: context.input(0),
    b: context.input(1),
    transA: context.int('transA', 0) !== 0,
    transB: context.int('transB', 0) !== 0,
  };
  const upstream = context.shared(() => scaled(dy, context.float('alpha', 1)));
  return [
    () => leftGradient(e, product, upstream()),
    () => rightGradient(e, product, upstream()),
    () => scaled(sumTo(e, dy, context.input(2)), context.float('beta', 1)),
  ];
}

/** FusedMatMul: alpha·op(A)·op(B), of matrices with leading axes. */
function fusedMatmulGradient(context: GradientContext): InputGradient[] {
  const { emitter: e } = context;
  const [a, b] = [context.input(0), context.input(1)];
  if (context.int('transBatchA', 0) !== 0 || context.int('transBatchB', 0) !== 0 || e.rank(a) < 2 || e.rank(b) < 2) {
    throw new UnsupportedUse('vectors and transposed batch axes are not supported');
  }
  const alpha = context.float('alpha', 1);
  const dy = context.shared(() => (alpha === 1 ? context.dy : e.mul(context.dy, e.scalar(alpha, context.dy))));
  const product = { a, b, transA: context.int('transA', 0) !== 0, transB: context.int('transB', 0) !== 0 };
  return [() => sumTo(e, leftGradient(e, product, dy()), a), () => sumTo(e, rightGradient(e, product, dy()), b)];
}

export const matmulRules: OpRule[] = [
  { op: 'MatMul', infer: (context) => [inferProduct(context)], gradient: matmulGradient },
  {
    op: 'Gemm',
    infer: (context) => [inferProduct(context, context.int('transA', 0) !== 0, context.int('transB', 0) !== 0)],
    gradient: gemmGradient,
  },
  {
    op: 'FusedMatMul',
    domain: 'com.microsoft',
    infer: (context) => {
      if (context.int('transBatchA', 0) !== 0 || context.int('transBatchB', 0) !== 0) return [];
      return [inferProduct(context, context.int('transA', 0) !== 0, context.int('transB', 0) !== 0)];
    },
    gradient: fusedMatmulGradient,
  },
];
