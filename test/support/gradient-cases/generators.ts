import fc from 'fast-check';
import { type AttributeInput, int64Vector } from '../../../packages/onnx/src/index.ts';
import type { GradientCase } from '../finite-differences.ts';

/** Generators of small random graphs around one operator, for the checks of gradient rules. */

/** A graph whose `shapes`, unless given, are told and withheld in turn. */
export type Case = Omit<GradientCase, 'seed'>;

/** One generator per operator, by `domain.op`. */
export type Cases = Record<string, fc.Arbitrary<Case>>;

export type Range = [number, number];
export const POSITIVE: Range = [0.5, 2];

export const extent = fc.integer({ min: 1, max: 3 });
export const shape = (minLength: number, maxLength: number) => fc.array(extent, { minLength, maxLength });

/** `count` shapes that broadcast together: stretches of one shape with some extents set to 1. */
export function broadcastable(count: number): fc.Arbitrary<number[][]> {
  return shape(0, 3).chain((full) =>
    fc.array(
      fc
        .tuple(fc.nat(full.length), fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }))
        .map(([skip, ones]) => full.slice(skip).map((dim, i) => (ones[i] ? 1 : dim))),
      { minLength: count, maxLength: count },
    ),
  );
}

export function unary(
  op: string,
  rest: Partial<Case> & {
    range?: Range;
    kinks?: number[];
    domain?: string;
    attributes?: Record<string, AttributeInput>;
  } = {},
) {
  const { range, kinks, domain, attributes, ...options } = rest;
  return shape(0, 3).map(
    (dims): Case => ({
      variables: { x: { dims, range, kinks } },
      build: (b) => b.add(op, ['x'], { domain, attributes }),
      ...options,
    }),
  );
}

export function variadic(op: string, count: number, range?: Range) {
  return broadcastable(count).map(
    (shapes): Case => ({
      variables: Object.fromEntries(shapes.map((dims, i) => [`x${i}`, { dims, range }])),
      build: (b) =>
        b.add(
          op,
          shapes.map((_, i) => `x${i}`),
        ),
    }),
  );
}

/** An operator of one tensor and an axis of it, counted from either end. */
export function along(op: string, attributes: (axis: number, dims: number[]) => Record<string, AttributeInput>) {
  return shape(1, 3)
    .chain((dims) =>
      fc.record({ dims: fc.constant(dims), axis: fc.integer({ min: -dims.length, max: dims.length - 1 }) }),
    )
    .map(
      ({ dims, axis }): Case => ({
        variables: { x: { dims } },
        build: (b) => b.add(op, ['x'], { attributes: attributes(axis, dims) }),
      }),
    );
}

export function reduction(op: string, axesAreAttribute: boolean, range?: Range) {
  return shape(1, 3)
    .chain((dims) =>
      fc.record({
        dims: fc.constant(dims),
        axes: fc.option(
          fc.subarray(
            dims.map((_, axis) => axis),
            { minLength: 1 },
          ),
          { nil: undefined },
        ),
        keepdims: fc.nat(1),
      }),
    )
    .map(
      ({ dims, axes, keepdims }): Case => ({
        variables: { x: { dims, range } },
        // ReduceSum has its axes as an input since opset 13, the others since 18.
        opset: axesAreAttribute ? 17 : 18,
        build: (b) => {
          const attribute: Record<string, AttributeInput> = axes && axesAreAttribute ? { axes } : {};
          const input = axes && !axesAreAttribute ? [b.constant(int64Vector(axes))] : [];
          return b.add(op, ['x', ...input], { attributes: { keepdims, ...attribute } });
        },
      }),
    );
}
