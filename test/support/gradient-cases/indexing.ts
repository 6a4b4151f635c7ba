import fc from 'fast-check';
import { int64s, int64Vector, sizeOf } from '../../../packages/onnx/src/index.ts';
import { type Case, type Cases, extent, shape } from './generators.ts';

/** Raw material for indices: taken modulo whatever they may reach. */
const seeds = fc.array(fc.nat(1000), { minLength: 27, maxLength: 27 });

/** Pads of either sign, cutting off at most what leaves one element. */
const pad = fc
  .record({
    dims: shape(1, 3),
    pads: fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 6, maxLength: 6 }),
    mode: fc.constantFrom('constant', 'constant', 'edge', 'reflect', 'wrap'),
    value: fc.boolean(),
    axes: fc.boolean(),
  })
  .map(({ dims, pads, mode, value, axes }): Case => {
    const padded = dims.map((dim, axis) => {
      const pair = [pads[2 * axis], pads[2 * axis + 1]];
      // ONNX Runtime repeats elements of what is left after cutting; the two are not mixed in one case.
      if (mode !== 'constant') return pair.map((count) => Math.min(Math.abs(count), mode === 'edge' ? 2 : dim - 1));
      return dim + Math.min(0, pair[0]) + Math.min(0, pair[1]) < 1 ? [1, 0] : pair;
    });
    const chosen = axes ? [dims.length - 1] : dims.map((_, axis) => axis);
    const counts = [0, 1].flatMap((end) => chosen.map((axis) => padded[axis][end]));
    return {
      variables: { x: { dims }, ...(value && mode === 'constant' ? { value: { dims: [] } } : {}) },
      opset: mode === 'wrap' ? 19 : 18,
      build: (b) =>
        b.add(
          'Pad',
          [
            'x',
            b.constant(int64Vector(counts)),
            value && mode === 'constant' ? 'value' : '',
            ...(axes ? [b.constant(int64Vector(chosen))] : []),
          ],
          { attributes: { mode } },
        ),
    };
  });

const tile = shape(0, 3).chain((dims) =>
  fc.array(extent, { minLength: dims.length, maxLength: dims.length }).map(
    (repeats): Case => ({
      variables: { x: { dims } },
      build: (b) => b.add('Tile', ['x', b.constant(int64Vector(repeats))]),
    }),
  ),
);

/** Indices of `depth` axes after `batch` common ones, repeated and negative ones among them. */
const gatherNd = fc
  .record({ dims: shape(3, 3), at: shape(0, 1), batch: fc.nat(1), depth: fc.integer({ min: 1, max: 2 }), seeds })
  .map(({ dims, at, batch, depth, seeds }): Case => {
    const shape = [...dims.slice(0, batch), ...at, depth];
    const reach = dims.slice(batch, batch + depth);
    const indices = Array.from({ length: sizeOf(shape) }, (_, i) => {
      const dim = reach[i % depth];
      return (seeds[i % seeds.length] % (2 * dim)) - dim;
    });
    return {
      variables: { x: { dims } },
      build: (b) => b.add('GatherND', ['x', b.constant(int64s(shape, indices))], { attributes: { batch_dims: batch } }),
    };
  });

/** Distinct rows where they are written over, any where they are added. */
const scatterNd = fc
  .record({ dims: shape(1, 3), count: extent, add: fc.boolean(), seeds })
  .map(({ dims, count, add, seeds }): Case => {
    const rows = add ? count : Math.min(count, dims[0]);
    const indices = Array.from({ length: rows }, (_, i) => (add ? seeds[i] % dims[0] : i));
    return {
      variables: { x: { dims }, updates: { dims: [rows, ...dims.slice(1)] } },
      build: (b) =>
        b.add('ScatterND', ['x', b.constant(int64s([rows, 1], indices)), 'updates'], {
          attributes: add ? { reduction: 'add' } : {},
        }),
    };
  });

const scatterElements = fc
  .record({ dims: shape(2, 2), count: extent, add: fc.boolean(), axis: fc.nat(1), seeds })
  .map(({ dims, count, add, axis, seeds }): Case => {
    const size = add ? count : Math.min(count, dims[axis]);
    const shape = dims.with(axis, size);
    const indices = Array.from({ length: sizeOf(shape) }, (_, i) => {
      const along = axis === 0 ? Math.floor(i / shape[1]) : i % shape[1];
      return add ? seeds[i] % dims[axis] : along;
    });
    return {
      variables: { x: { dims }, updates: { dims: shape } },
      build: (b) =>
        b.add('ScatterElements', ['x', b.constant(int64s(shape, indices)), 'updates'], {
          attributes: { axis: axis - 2, ...(add ? { reduction: 'add' } : {}) },
        }),
    };
  });

/** Steps and ends of both signs on several axes at once. */
const slices = fc
  .record({
    dims: shape(2, 3),
    starts: fc.tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 })),
    steps: fc.tuple(fc.constantFrom(1, 2, -1, -2), fc.constantFrom(1, 2, -1)),
  })
  .map(
    ({ dims, starts, steps }): Case => ({
      variables: { x: { dims } },
      build: (b) => {
        const ends = steps.map((step) => (step < 0 ? -10 : 10));
        return b.add('Slice', ['x', ...[starts, ends, [0, -1], steps].map((list) => b.constant(int64Vector(list)))]);
      },
    }),
  );

export const indexingCases: Cases = {
  '.GatherND': gatherNd,
  '.Pad': pad,
  '.ScatterElements': scatterElements,
  '.ScatterND': scatterNd,
  '.Tile': tile,
};

export { slices };
