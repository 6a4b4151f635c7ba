import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { int32s } from '../../../../test/support/gradient-cases/fused-attention.ts';
import { float, GraphBuilder } from '../builder.js';
import { type Differentiated, gradient } from '../gradient/gradient.js';
import { inferShapes } from '../infer-shapes.js';
import { initializersToInputs } from '../initializers.js';
import type { Model } from '../model.js';
import { floatScalar, floats, int64s, int64Vector, sizeOf, type Tensor } from '../tensor.js';
import { writeModel } from '../write.js';

/** A BERT of two layers that classifies, written in the operators of ONNX Runtime's optimizer and as PyTorch exports it. */

const [VOCABULARY, POSITIONS, WIDTH, HEADS, INNER, CLASSES, LAYERS] = [20, 8, 8, 2, 16, 3, 2];
const [BATCH, TOKENS] = [3, 5];
const EPSILON = 1e-5;
/** Of the gradient descent. */
const RATE = 0.3;
const domain = 'com.microsoft';

/** Initial weights by name. */
function weights(): Map<string, Tensor> {
  let count = 0;
  const wave = (scale: number, ...dims: number[]) =>
    floats(
      dims,
      Array.from({ length: sizeOf(dims) }, () => scale * Math.sin(12.9898 * ++count)),
    );
  const ones = (...dims: number[]) => floats(dims, Array(sizeOf(dims)).fill(1));
  const all: Record<string, Tensor> = {
    words: wave(1, VOCABULARY, WIDTH),
    positions: wave(1, POSITIONS, WIDTH),
    segments: wave(1, 2, WIDTH),
    'embed/gamma': ones(WIDTH),
    'embed/beta': wave(0.1, WIDTH),
    head: wave(0.5, WIDTH, CLASSES),
  };
  for (let layer = 0; layer < LAYERS; layer++) {
    const own: Record<string, Tensor> = {
      qkv: wave(0.5, WIDTH, 3 * WIDTH),
      'qkv/bias': wave(0.5, 3 * WIDTH),
      out: wave(0.5, WIDTH, WIDTH),
      'out/bias': wave(0.1, WIDTH),
      gamma1: ones(WIDTH),
      beta1: wave(0.1, WIDTH),
      up: wave(0.5, WIDTH, INNER),
      'up/bias': wave(0.5, INNER),
      down: wave(0.5, INNER, WIDTH),
      'down/bias': wave(0.1, WIDTH),
      gamma2: ones(WIDTH),
      beta2: wave(0.1, WIDTH),
    };
    for (const [name, tensor] of Object.entries(own)) all[`${layer}/${name}`] = tensor;
  }
  return new Map(Object.entries(all));
}

/** Adds the encoder behind the inputs `ids`, `kinds` and `mask`; returns its states `[batch, tokens, width]`. */
type Encoder = (b: GraphBuilder) => string;

const fusedEncoder: Encoder = (b) => {
  const epsilon = float(EPSILON);
  const tables = ['words', 'positions', 'segments', 'embed/gamma', 'embed/beta'];
  let [x] = b.addMany('EmbedLayerNormalization', ['ids', 'kinds', ...tables, 'mask'], {
    domain,
    outputs: ['embedded', 'lengths'],
    attributes: { epsilon },
  }) as [string];
  for (let layer = 0; layer < LAYERS; layer++) {
    const own = (name: string) => `${layer}/${name}`;
    const attended = b.add('Attention', [x, own('qkv'), own('qkv/bias'), 'lengths'], {
      domain,
      attributes: { num_heads: HEADS },
    });
    const skip = (value: string, at: number, bias: string) =>
      b.add('SkipLayerNormalization', [value, x, own(`gamma${at}`), own(`beta${at}`), own(bias)], {
        domain,
        attributes: { epsilon },
      });
    x = skip(b.add('MatMul', [attended, own('out')]), 1, 'out/bias');
    const inner = b.add('BiasGelu', [b.add('MatMul', [x, own('up')]), own('up/bias')], { domain });
    x = skip(b.add('MatMul', [inner, own('down')]), 2, 'down/bias');
  }
  return x;
};

const plainEncoder: Encoder = (b) => {
  const ints = (...values: number[]) => b.constant(int64Vector(values));
  const number = (value: number) => b.constant(floatScalar(value));
  const normalize = (x: string, gamma: string, beta: string) => {
    const mean = (value: string) => b.add('ReduceMean', [value], { attributes: { axes: [-1] } });
    const centred = b.add('Sub', [x, mean(x)]);
    const variance = b.add('Add', [mean(b.add('Pow', [centred, number(2)])), number(EPSILON)]);
    const standard = b.add('Div', [centred, b.add('Sqrt', [variance])]);
    return b.add('Add', [b.add('Mul', [standard, gamma]), beta]);
  };
  const linear = (x: string, w: string, bias: string) => b.add('Add', [b.add('MatMul', [x, w]), bias]);
  const rows = (table: string, indices: string) => b.add('Gather', [table, indices]);
  const places = b.constant(int64s([1, TOKENS], [0, 1, 2, 3, 4]));
  const sum = b.add('Add', [rows('words', 'ids'), rows('segments', 'kinds')]);
  let x = normalize(b.add('Add', [sum, rows('positions', places)]), 'embed/gamma', 'embed/beta');
  const seen = b.add('Unsqueeze', [b.add('Cast', ['mask'], { attributes: { to: 1 } }), ints(1, 2)]);
  const bias = b.add('Mul', [b.add('Sub', [number(1), seen]), number(-10000)]);
  for (let layer = 0; layer < LAYERS; layer++) {
    const own = (name: string) => `${layer}/${name}`;
    // Query, key and value have a projection each.
    const [query, key, value] = [0, 1, 2].map((part) => {
      const cut = (packed: string, axis: number) =>
        b.add('Slice', [packed, ints(part * WIDTH), ints((part + 1) * WIDTH), ints(axis)]);
      const projected = linear(x, cut(own('qkv'), 1), cut(own('qkv/bias'), 0));
      const split = b.add('Reshape', [projected, ints(0, 0, HEADS, WIDTH / HEADS)]);
      return b.add('Transpose', [split], { attributes: { perm: part === 1 ? [0, 2, 3, 1] : [0, 2, 1, 3] } });
    }) as [string, string, string];
    const scores = b.add('Div', [b.add('MatMul', [query, key]), number(Math.sqrt(WIDTH / HEADS))]);
    const shares = b.add('Softmax', [b.add('Add', [scores, bias])], { attributes: { axis: -1 } });
    const mixed = b.add('Transpose', [b.add('MatMul', [shares, value])], { attributes: { perm: [0, 2, 1, 3] } });
    const attended = linear(b.add('Reshape', [mixed, ints(0, 0, WIDTH)]), own('out'), own('out/bias'));
    x = normalize(b.add('Add', [attended, x]), own('gamma1'), own('beta1'));
    const up = linear(x, own('up'), own('up/bias'));
    const erf = b.add('Erf', [b.add('Div', [up, number(Math.SQRT2)])]);
    const inner = b.add('Mul', [b.add('Mul', [up, b.add('Add', [erf, number(1)])]), number(0.5)]);
    x = normalize(b.add('Add', [linear(inner, own('down'), own('down/bias')), x]), own('gamma2'), own('beta2'));
  }
  return x;
};

/** Mean cross-entropy of the first token's class against `target` `[batch, classes]`. */
function classifier(encoder: Encoder): Model {
  const b = new GraphBuilder({ opset: 17 });
  for (const name of ['ids', 'kinds', 'mask']) b.input(name, 'int32', ['batch', 'tokens']);
  b.input('target', 'float32', ['batch', CLASSES]);
  for (const [name, tensor] of weights()) b.initializer(name, tensor);
  const first = b.add('Gather', [encoder(b), b.constant(int64s([], [0]))], { attributes: { axis: 1 } });
  const logarithms = b.add('LogSoftmax', [b.add('MatMul', [first, 'head'])]);
  const total = b.add('ReduceSum', [b.add('Mul', [logarithms, 'target'])], { attributes: { keepdims: 0 } });
  b.output(b.add('Mul', [total, b.constant(floatScalar(-1 / BATCH))], { outputs: ['loss'] }), 'float32', []);
  return b.build();
}

const batch = {
  ids: int32s([BATCH, TOKENS], [1, 7, 4, 2, 0, 1, 9, 2, 0, 0, 1, 7, 15, 19, 2]),
  kinds: int32s([BATCH, TOKENS], [0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1]),
  mask: int32s([BATCH, TOKENS], [1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1]),
  target: floats([BATCH, CLASSES], [1, 0, 0, 0, 1, 0, 0, 0, 1]),
};

/** Trains by plain gradient descent; the losses before each step, and the first step's gradients. */
async function train({ model, gradients }: Differentiated, steps: number) {
  const session = await ort.InferenceSession.create(writeModel(model), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const feeds = new Map(
    Object.entries({ ...batch, ...Object.fromEntries(weights()) }).map(([name, { type, data, dims }]) => [
      name,
      new ort.Tensor(type as 'float32', data as Float32Array, dims),
    ]),
  );
  const losses: number[] = [];
  let first: Map<string, Float32Array> | undefined;
  for (let step = 0; step < steps; step++) {
    const results = await session.run(Object.fromEntries(feeds));
    losses.push(Number(results.loss.data[0]));
    const dense = new Map<string, Float32Array>();
    for (const [name, found] of gradients) {
      const weight = feeds.get(name) as ort.Tensor;
      const data = weight.data as Float32Array;
      const slope = new Float32Array(data.length);
      if (found.kind === 'dense') slope.set(results[found.output].data as Float32Array);
      else {
        const rows = results[found.rows].data as Float32Array;
        for (const [at, row] of (results[found.indices].data as BigInt64Array).entries()) {
          for (let i = 0; i < WIDTH; i++) slope[Number(row) * WIDTH + i] += rows[at * WIDTH + i];
        }
      }
      dense.set(name, slope);
      for (let i = 0; i < data.length; i++) data[i] -= RATE * slope[i];
    }
    first ??= dense;
  }
  await session.release();
  return { losses, first: first as Map<string, Float32Array> };
}

describe('a fused BERT', () => {
  const names = [...weights().keys()];
  const differentiate = (encoder: Encoder) =>
    gradient(initializersToInputs(classifier(encoder), names), { loss: 'loss', wrt: names });

  it('trains like the one that it was fused from', async () => {
    const [fused, plain] = [differentiate(fusedEncoder), differentiate(plainEncoder)];
    for (const table of ['words', 'positions', 'segments']) expect(fused.gradients.get(table)?.kind).toBe('sparse');
    const [own, reference] = [await train(fused, 15), await train(plain, 15)];
    for (const [name, expected] of reference.first) {
      const got = own.first.get(name) as Float32Array;
      const scale = Math.max(...expected.map(Math.abs), 1e-3);
      expected.forEach((value, i) => {
        expect(Math.abs((got[i] - value) / scale), name).toBeLessThan(1e-4);
      });
    }
    own.losses.forEach((loss, step) => {
      expect(loss).toBeCloseTo(reference.losses[step], 3);
    });
    expect(own.losses.at(-1)).toBeLessThan(0.5 * own.losses[0]);
  });

  it('keeps the names of its axes', () => {
    const facts = inferShapes(classifier(fusedEncoder));
    expect(facts.get('embedded')).toEqual({ type: 'float32', shape: ['batch', 'tokens', WIDTH] });
    expect(facts.get('lengths')).toEqual({ type: 'int32', shape: ['batch'] });
    const states = [...facts].filter(([name]) => /^(attention|biasgelu|skiplayernormalization)/.test(name));
    expect(states).toHaveLength(4 * LAYERS);
    for (const [name, { shape }] of states) {
      expect(shape, name).toEqual(['batch', 'tokens', name.startsWith('biasgelu') ? INNER : WIDTH]);
    }
  });
});
