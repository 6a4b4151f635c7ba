import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { attr, runModel, TfjsGraph } from '../../../../../test/support/tfjs-graph.ts';
import { importTfjs } from '../import-tfjs.js';

const range = (length: number, start = 0) => Array.from({ length }, (_, i) => start + i);

/**
 * Imports the graph that `build` makes and runs it. What `x` gives is fed, not constant, so that the nodes are there when the
 * model runs; its shape is known or, the second time, not.
 */
async function run(build: (g: TfjsGraph, x: (dims: number[], values: number[]) => string) => string) {
  const results = [];
  for (const known of [true, false]) {
    const g = new TfjsGraph();
    const feeds: Record<string, Tensor> = {};
    const output = build(g, (dims, values) => {
      const name = g.placeholder(`x${Object.keys(feeds).length}`, known ? dims : dims.map(() => -1));
      feeds[name] = new Tensor('float32', Float32Array.from(values), dims);
      return name;
    });
    const model = importTfjs(g.source(), { outputs: { y: output } });
    const used = new Set(model.graph.inputs.map(({ name }) => name));
    const { y } = await runModel(model, Object.fromEntries(Object.entries(feeds).filter(([name]) => used.has(name))));
    results.push({ ...y, ops: model.graph.nodes.map(({ op }) => op) });
  }
  const [known, unknown] = results;
  expect({ ...unknown, ops: undefined }).toEqual({ ...known, ops: undefined });
  return { dims: known?.dims, data: known?.data, ops: known?.ops };
}

describe('StridedSlice', () => {
  // x[i][j][k] = 12i + 4j + k.
  const slice = (spec: { begin: number[]; end: number[]; strides: number[]; masks: Record<string, number> }) =>
    run((g, x) =>
      g.node(
        'StridedSlice',
        [x([2, 3, 4], range(24)), g.ints(...spec.begin), g.ints(...spec.end), g.ints(...spec.strides)],
        Object.fromEntries(Object.entries(spec.masks).map(([mask, bits]) => [`${mask}_mask`, attr.i(bits)])),
      ),
    );

  it('takes an element and drops its axis, skips axes by an ellipsis: x[1, ..., ::2]', async () => {
    const masks = { shrink_axis: 0b001, ellipsis: 0b010, begin: 0b100, end: 0b100 };
    const result = await slice({ begin: [1, 0, 0], end: [2, 0, 0], strides: [1, 1, 2], masks });
    expect(result).toMatchObject({ dims: [3, 2], data: [12, 14, 16, 18, 20, 22] });
  });

  it('inserts an axis and counts from the end: x[:, newaxis, -1, 1:3]', async () => {
    const masks = { begin: 0b0001, end: 0b0001, new_axis: 0b0010, shrink_axis: 0b0100 };
    const result = await slice({ begin: [0, 0, -1, 1], end: [0, 0, 0, 3], strides: [1, 1, 1, 1], masks });
    expect(result).toMatchObject({ dims: [2, 1, 2], data: [9, 10, 21, 22] });
  });

  it('walks backwards, to the very beginning where the end is masked: x[::-1, 2:0:-1, :1]', async () => {
    const result = await slice({
      begin: [0, 2, 0],
      end: [0, 0, 1],
      strides: [-1, -1, 1],
      masks: { begin: 0b101, end: 0b001 },
    });
    expect(result).toMatchObject({ dims: [2, 2, 1], data: [20, 16, 8, 4] });
  });

  it('reads an end that is computed at run time: x[:, 1:rows(y)]', async () => {
    const result = await run((g, x) => {
      const shape = g.node('Shape', [x([2, 5], range(10))]);
      const rows = g.node('StridedSlice', [shape, g.ints(0), g.ints(1), g.ints(1)], { shrink_axis_mask: attr.i(1) });
      const end = g.node('Pack', [g.int(0), rows], { axis: attr.i(0) });
      return g.node('StridedSlice', [x([3, 4], range(12)), g.ints(0, 1), end, g.ints(1, 1)], {
        begin_mask: attr.i(1),
        end_mask: attr.i(1),
      });
    });
    expect(result).toMatchObject({ dims: [3, 1], data: [1, 5, 9] });
  });
});

describe('Slice, Split and Concat', () => {
  it('slices to the end where the size is -1', async () => {
    const result = await run((g, x) => g.node('Slice', [x([3, 4], range(12)), g.ints(1, 2), g.ints(-1, 1)]));
    expect(result).toMatchObject({ dims: [2, 1], data: [6, 10] });
  });

  it('splits by sizes, the open one taking the rest, and reads any output', async () => {
    const result = await run((g) => {
      const split = g.node('SplitV', [g.constant([1, 6], range(6)), g.ints(1, -1, 2), g.int(-1)]);
      return g.node('ConcatV2', [`${split}:2`, split, `${split}:1`, g.int(1)]);
    });
    expect(result).toMatchObject({ dims: [1, 6], data: [4, 5, 0, 1, 2, 3] });
  });

  it('unpacks and packs along any axis', async () => {
    const result = await run((g, x) => {
      const parts = g.node('Unpack', [x([2, 3], range(6))], { axis: attr.i(1), num: attr.i(3) });
      return g.node('Pack', [`${parts}:2`, parts], { axis: attr.i(0) });
    });
    expect(result).toMatchObject({ dims: [2, 2], data: [2, 5, 0, 3] });
  });
});

describe('Conv2D', () => {
  const conv = (padding: string, stride: number) =>
    run((g, x) =>
      g.node('Conv2D', [x([1, 1, 4, 1], [1, 2, 3, 4]), g.constant([1, 3, 1, 1], [1, 10, 100])], {
        strides: attr.ints(1, 1, stride, 1),
        dilations: attr.ints(1, 1, 1, 1),
        padding: attr.s(padding),
        data_format: attr.s('NHWC'),
      }),
    );

  it('pads nothing when VALID', async () => {
    expect(await conv('VALID', 1)).toMatchObject({ dims: [1, 1, 2, 1], data: [321, 432] });
  });

  it('pads an odd column to the right when SAME', async () => {
    expect(await conv('SAME', 2)).toMatchObject({ dims: [1, 1, 2, 1], data: [321, 43] });
    expect(await conv('SAME', 1)).toMatchObject({ dims: [1, 1, 4, 1], data: [210, 321, 432, 43] });
  });

  it('reads kernels as [height, width, in, out] and channels last', async () => {
    const result = await run((g, x) =>
      g.node('Conv2D', [x([1, 1, 2, 2], [1, 2, 3, 4]), g.constant([1, 2, 2, 2], range(8, 1))], {
        strides: attr.ints(1, 1, 1, 1),
        padding: attr.s('VALID'),
      }),
    );
    expect(result).toMatchObject({ dims: [1, 1, 1, 2], data: [50, 60] });
  });

  it('is a matrix product when the kernel is 1x1', async () => {
    const result = await run((g, x) =>
      g.node('Conv2D', [x([1, 1, 2, 2], [1, 2, 3, 4]), g.constant([1, 1, 2, 1], [1, 10])], {
        strides: attr.ints(1, 1, 1, 1),
        padding: attr.s('SAME'),
      }),
    );
    expect(result).toMatchObject({ dims: [1, 1, 2, 1], data: [21, 43], ops: ['MatMul'] });
  });

  it('takes explicit padding, channels first and groups', async () => {
    const result = await run((g) =>
      g.node('Conv2D', [g.constant([1, 2, 1, 2], [1, 2, 3, 4]), g.constant([1, 2, 1, 2], [1, 1, 10, 100])], {
        strides: attr.ints(1, 1, 1, 1),
        padding: attr.s('EXPLICIT'),
        explicit_paddings: attr.ints(0, 0, 0, 0, 0, 0, 1, 0),
        data_format: attr.s('NCHW'),
      }),
    );
    // Channel 0 under (1, 10): 0·1 + 1·10, 1·1 + 2·10. Channel 1 under (1, 100): 300, 3 + 400.
    expect(result).toMatchObject({ dims: [1, 2, 1, 2], data: [10, 21, 300, 403] });
  });
});

describe('matrix products', () => {
  const [a, b] = [
    [1, 2, 3, 4, 5, 6],
    [1, 0, 2, 0, 1, 1],
  ];

  it('transpose the last axes of either side', async () => {
    const multiply = (adj: string) =>
      run((g, x) => g.node('BatchMatMulV2', [x([1, 2, 3], a), x([1, 2, 3], b)], { [adj]: attr.b(true) }));
    expect(await multiply('adj_y')).toMatchObject({ dims: [1, 2, 2], data: [7, 5, 16, 11] });
    expect(await multiply('adj_x')).toMatchObject({ dims: [1, 3, 3], data: [1, 4, 6, 2, 5, 9, 3, 6, 12] });
  });

  it('may have a bias and an activation fused', async () => {
    const result = await run((g, x) =>
      g.node('_FusedMatMul', [x([2, 3], a), x([2, 3], b), g.constant([2], [-10, 0])], {
        transpose_b: attr.b(true),
        fused_ops: attr.strings('BiasAdd', 'Relu'),
      }),
    );
    expect(result).toMatchObject({ dims: [2, 2], data: [0, 5, 6, 11] });
  });

  it('add a bias per channel, wherever the channels are', async () => {
    const result = await run((g, x) =>
      g.node('BiasAdd', [x([1, 2, 2], [0, 0, 0, 0]), g.constant([2], [1, 2])], { data_format: attr.s('NCHW') }),
    );
    expect(result).toMatchObject({ data: [1, 1, 2, 2] });
  });
});

describe('indices', () => {
  it('of true elements come one per row, and gather them', async () => {
    const result = await run((g, x) => {
      const values = x([2, 2], [0, 5, 7, 0]);
      const where = g.node('Where', [g.node('Greater', [values, g.constant([], [0])])]);
      return g.node('GatherNd', [values, where]);
    });
    expect(result).toMatchObject({ dims: [2], data: [5, 7] });
  });

  it('that repeat add up in ScatterNd, whatever their depth', async () => {
    const scatter = (indices: number[][], updates: number[][], ...shape: number[]) =>
      run((g, x) => {
        const [rows, width] = [updates.length, updates[0]?.length as number];
        const table = g.constant([rows, indices[0]?.length as number], indices.flat(), 'int32');
        const values = x(width === 1 ? [rows] : [rows, width], updates.flat());
        return g.node('ScatterNd', [table, values, g.ints(...shape)]);
      });
    const rows = await scatter(
      [[2], [0], [2]],
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      3,
      2,
    );
    expect(rows).toMatchObject({ dims: [3, 2], data: [3, 4, 0, 0, 6, 8] });
    const elements = await scatter(
      [
        [1, 2],
        [0, 1],
        [1, 2],
      ],
      [[1], [2], [4]],
      2,
      3,
    );
    expect(elements).toMatchObject({ dims: [2, 3], data: [0, 2, 0, 0, 0, 5] });
    const deep = await scatter(
      [
        [1, 0],
        [1, 0],
        [0, 1],
      ],
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      2,
      2,
      2,
    );
    expect(deep).toMatchObject({ dims: [2, 2, 2], data: [0, 0, 5, 6, 4, 6, 0, 0] });
    // Additions at the same place would race.
    expect([rows, elements, deep].flatMap(({ ops }) => ops)).not.toContain('ScatterND');
  });

  it('that cannot repeat are written', async () => {
    const result = await run((g, x) => {
      const values = x([2, 2], [0, 5, 7, 0]);
      const where = g.node('Where', [g.node('Greater', [values, g.constant([], [0])])]);
      return g.node('ScatterNd', [where, g.node('GatherNd', [values, where]), g.node('Shape', [values])]);
    });
    expect(result).toMatchObject({ dims: [2, 2], data: [0, 5, 7, 0] });
    expect(result.ops).toContain('ScatterND');
  });

  it('may be a vector, with one value for all, in SparseToDense', async () => {
    const result = await run((g) =>
      g.node('SparseToDense', [g.ints(1, 3), g.ints(5), g.constant([], [9]), g.constant([], [-1])]),
    );
    expect(result).toMatchObject({ dims: [5], data: [-1, 9, -1, 9, -1] });
  });
});

describe('shapes', () => {
  it('are computed from run-time extents', async () => {
    const result = await run((g, x) => {
      const values = x([2, 3, 2], range(12));
      const shape = g.node('Shape', [values]);
      const front = g.node('GatherV2', [shape, g.ints(0, 1), g.int(0)]);
      const rows = g.node('Prod', [front, g.ints(0)]);
      const flat = g.node('Reshape', [values, g.node('Pack', [rows, g.int(2)])]);
      return g.node('Reshape', [g.node('Relu', [flat]), g.node('ConcatV2', [front, g.ints(2), g.int(0)])]);
    });
    // Where the extents are known, the two reshapes meet behind the Relu and cancel.
    expect(result).toMatchObject({ dims: [2, 3, 2], data: range(12), ops: ['Relu'] });
  });

  it('may have an extent of 0, which is not the extent of the input', async () => {
    const result = await run((g) => g.node('Reshape', [g.constant([0, 3], []), g.ints(3, 0)]));
    expect(result).toMatchObject({ dims: [3, 0], data: [] });
  });

  it('lose axes of 1 by Squeeze, given or all', async () => {
    const squeeze = (...axes: number[]) =>
      run((g) => g.node('Squeeze', [g.constant([1, 2, 1], [1, 2])], { squeeze_dims: attr.ints(...axes) }));
    expect(await squeeze(-1)).toMatchObject({ dims: [1, 2] });
    expect(await squeeze()).toMatchObject({ dims: [2] });
  });
});

describe('arithmetic', () => {
  it('reduces over given axes, and over none where the list is empty', async () => {
    const mean = (...axes: number[]) =>
      run((g, x) => g.node('Mean', [x([2, 2], [1, 2, 3, 5]), g.ints(...axes)], { keep_dims: attr.b(true) }));
    expect(await mean(1)).toMatchObject({ dims: [2, 1], data: [1.5, 4] });
    expect(await mean()).toMatchObject({ dims: [2, 2], data: [1, 2, 3, 5] });
  });

  it('casts to whole numbers towards zero', async () => {
    const result = await run((g, x) => g.node('Cast', [x([3], [1.9, -1.9, 0.2])], { DstT: attr.type('int32') }));
    expect(result).toMatchObject({ data: [1, -1, 0] });
  });

  it('spells out what ONNX has no operator for', async () => {
    const result = await run((g, x) => {
      const y = x([2], [4, 16]);
      const difference = g.node('SquaredDifference', [y, g.constant([], [1])]);
      return g.node('AddN', [g.node('Rsqrt', [y]), difference, g.node('Square', [y])]);
    });
    expect(result).toMatchObject({ data: [0.5 + 9 + 16, 0.25 + 225 + 256] });
  });
});
