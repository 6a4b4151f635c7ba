import { RetortError } from '@retort/contracts';
import fc from 'fast-check';
import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { attr, runModel, TfjsGraph } from '../../../../test/support/tfjs-graph.ts';
import { importTfjs } from './import-tfjs.js';

/** relu(x · w + b), x [batch, 2]. */
function dense() {
  const g = new TfjsGraph();
  const product = g.node('MatMul', [g.placeholder('x', [-1, 2]), g.constant([2, 2], [1, 2, 3, 4])]);
  const sum = g.node('BiasAdd', [product, g.constant([2], [0, -100])]);
  return { source: g.source(), output: g.node('Relu', [sum]), sum };
}

const feeds = { x: new Tensor('float32', Float32Array.of(1, 2), [1, 2]) };

describe('importTfjs', () => {
  it('names outputs after nodes that nothing reads, the signature or the options', async () => {
    const { source, output, sum } = dense();
    expect(importTfjs(source).graph.outputs).toEqual([{ name: output, type: 'float32', shape: [null, 2] }]);
    const signature = { outputs: { score: { name: `${sum}:0` }, relu: { name: output } } };
    const signed = importTfjs({ ...source, modelJson: { ...(source.modelJson as object), signature } });
    const { score, relu } = await runModel(signed, feeds);
    expect([score?.data, relu?.data]).toEqual([
      [7, -90],
      [7, 0],
    ]);
    const chosen = importTfjs(source, { inputs: { x: ['batch', 2] }, outputs: { a: sum, b: sum } });
    expect(chosen.graph.outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['a', ['batch', 2]],
      ['b', ['batch', 2]],
    ]);
    const both = await runModel(chosen, feeds);
    expect(both.a).toEqual(both.b);
  });

  it('replaces nodes, drops what only they read, and puts new inputs first, in the given order', async () => {
    const { source, output, sum } = dense();
    const model = importTfjs(source, {
      inputs: { offset: [2], scale: [2] },
      replace: {
        [sum]: {
          inputs: ['x'],
          rule: (node, x) =>
            node.emit('Add', [
              node.emit('Mul', [x, node.graphInput('scale', 'float32')]),
              node.graphInput('offset', 'float32'),
            ]),
        },
      },
    });
    expect(model.graph.inputs.map(({ name }) => name)).toEqual(['offset', 'scale', 'x']);
    expect(model.graph.initializers.size).toBe(0);
    const pair = (a: number, b: number) => new Tensor('float32', Float32Array.of(a, b), [2]);
    const result = await runModel(model, { ...feeds, scale: pair(10, 10), offset: pair(-50, 1) });
    expect(result[output]?.data).toEqual([0, 21]);
  });

  it('expands quantised weights', async () => {
    const g = new TfjsGraph();
    const quantization = (dtype: string) => ({ dtype, scale: 0.5, min: -1, original_dtype: 'float32' });
    const weights = [
      g.stored({ shape: [2], dtype: 'float32', quantization: quantization('uint8') }, Uint8Array.of(0, 255)),
      g.stored({ shape: [2], dtype: 'float32', quantization: quantization('uint16') }, Uint16Array.of(1, 65535)),
      // Bits of 1.5, and of the smallest subnormal half: 2^-24.
      g.stored({ shape: [2], dtype: 'float32', quantization: { dtype: 'float16' } }, Uint16Array.of(0x3e00, 1)),
    ];
    const whole = g.stored({ shape: [2], dtype: 'int32', quantization: quantization('uint8') }, Uint8Array.of(2, 7));
    g.node('ConcatV2', [...weights, g.node('Cast', [whole], { DstT: attr.type('float32') }), g.int(0)]);
    const [result] = Object.values(await runModel(importTfjs(g.source())));
    expect(result?.data).toEqual([-1, 126.5, -0.5, 32766.5, 1.5, 2 ** -24, 0, 3]);
  });

  it('says which node has an operator or a use of it that is not supported', () => {
    const g = new TfjsGraph();
    const unknown = g.node('Cholesky', [g.placeholder('x', [2, 2])]);
    expect(() => importTfjs(g.source())).toThrow(
      expect.objectContaining({ code: 'RT_UNSUPPORTED_OP', message: expect.stringContaining(unknown) }),
    );
    const h = new TfjsGraph();
    h.node('GatherV2', [h.placeholder('x', [2, 2]), h.ints(0), h.int(0)], { batch_dims: attr.i(1) });
    expect(() => importTfjs(h.source())).toThrow(/GatherV2.*batch_dims/);
  });

  it.each([
    ['no model', 7, /model.json/],
    ['a Keras model', { format: 'layers-model' }, /layers model/],
    ['nodes without a name', { modelTopology: { node: [{ op: 'Relu' }] }, weightsManifest: [] }, /node\[0\].name/],
    ['a missing node', graphOf({ name: 'y', op: 'Relu', input: ['gone'] }), /no node "gone"/],
    ['a missing input', graphOf({ name: 'y', op: 'Sin' }), /"y"/],
    ['a missing weight', graphOf({ name: 'y', op: 'Relu', input: ['c'] }, { name: 'c', op: 'Const' }), /constant "c"/],
    [
      'a cycle',
      graphOf(
        { name: 'a', op: 'Relu', input: ['b'] },
        { name: 'b', op: 'Relu', input: ['a'] },
        { name: 'y', op: 'Relu', input: ['b'] },
      ),
      /cycle/,
    ],
  ])('refuses %s', (_name, modelJson, message) => {
    const attempt = () => importTfjs({ modelJson, weights: new Uint8Array() });
    expect(attempt).toThrow(expect.objectContaining({ code: 'RT_INVALID_MODEL' }));
    expect(attempt).toThrow(message);
  });

  it('refuses weight files that do not fit the manifest', () => {
    const { source } = dense();
    for (const weights of [source.weights.subarray(1), Buffer.concat([source.weights, Buffer.of(0)])]) {
      expect(() => importTfjs({ ...source, weights })).toThrow(/bytes/);
    }
  });

  it('is not led astray by claims of billions of outputs or axes', () => {
    const g = new TfjsGraph();
    const x = g.placeholder('x', [-1]);
    g.node('Split', [g.int(0), x], { num_split: attr.i(4e9) });
    expect(() => importTfjs(g.source())).toThrow(/4000000000 outputs/);
    const h = new TfjsGraph();
    const shape = h.placeholder('shape', [4e9], 'int32');
    const reshaped = h.node('Reshape', [h.placeholder('x', [-1]), shape]);
    const expanded = h.node('BroadcastTo', [reshaped, shape]);
    h.node('Fill', [h.node('Reshape', [expanded, shape]), h.int(0)]);
    expect(importTfjs(h.source()).graph.outputs[0]?.shape).toBeUndefined();
  });

  it('takes a graph of any depth', () => {
    const g = new TfjsGraph();
    let value = g.placeholder('x', [2]);
    for (let i = 0; i < 20_000; i++) value = g.node('Relu', [value]);
    expect(importTfjs(g.source()).graph.nodes).toHaveLength(20_000);
  });

  it('gives a model or a clear error for any JSON', () => {
    const junk = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(-1, 0, 3, 2 ** 31, 2 ** 53, 1e300, '__proto__', 'x:9', 'const1', '1000000000'),
    );
    const steps = fc.array(fc.tuple(fc.nat(7), junk), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 }), fc.array(steps, { minLength: 1, maxLength: 3 }), (seed, edits) => {
        const { modelJson, weights } = hostile(seed);
        const edited = edits.reduce<unknown>((json, path) => editAt(json, path), modelJson);
        try {
          importTfjs({ modelJson: edited, weights });
        } catch (error) {
          if (!(error instanceof RetortError)) throw error;
        }
      }),
      { numRuns: 5000 },
    );
  });
});

function graphOf(...node: object[]) {
  return { modelTopology: { node }, weightsManifest: [] };
}

/** Graphs of operators with many attributes and operands to get wrong. */
function hostile(seed: number) {
  const g = new TfjsGraph();
  const x = g.placeholder('x', [-1, 4]);
  if (seed === 0) return dense().source;
  if (seed === 1) {
    g.node('StridedSlice', [x, g.ints(0, 1), g.ints(1, 3), g.ints(1, 1)], { shrink_axis_mask: attr.i(1) });
    g.node('SplitV', [x, g.ints(1, -1), g.int(1)]);
  } else if (seed === 2) {
    const image = g.node('Reshape', [x, g.ints(1, -1, 4, 1)]);
    g.node('Conv2D', [image, g.constant([1, 3, 1, 1], [1, 2, 3])], {
      strides: attr.ints(1, 1, 1, 1),
      padding: attr.s('SAME'),
    });
    g.node('Unpack', [x], { axis: attr.i(1), num: attr.i(4) });
  } else {
    const where = g.node('Where', [g.node('Greater', [x, g.constant([], [0])])]);
    g.node('ScatterNd', [where, g.node('GatherNd', [x, where]), g.node('Shape', [x])]);
    g.node('Sum', [g.node('Transpose', [x, g.ints(1, 0)]), g.ints(0)], { keep_dims: attr.b(true) });
  }
  return g.source();
}

/** Puts `junk` somewhere below: each number picks a key, each object on the way is copied. */
function editAt(json: unknown, [step, ...rest]: [number, unknown][]): unknown {
  if (!step || typeof json !== 'object' || json === null) return step?.[1] ?? json;
  const keys = Object.keys(json);
  if (keys.length === 0) return step[1];
  const key = keys[step[0] % keys.length] as string;
  const child = (json as Record<string, unknown>)[key];
  const value = typeof child === 'object' && child !== null && rest.length > 0 ? editAt(child, rest) : step[1];
  return Array.isArray(json) ? json.with(Number(key), value) : { ...json, [key]: value };
}
