import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { EncoderShape } from '@retort/contracts';
import { findInitializer, GraphBuilder, int64s, type Model, readModel, type Tensor, writeModel } from '@retort/onnx';
import { openSession } from '@retort/runtime';
import { describe, expect, it } from 'vitest';
import { exportedBert } from '../../../../test/support/exported-bert.ts';
import { sharedPath } from '../../../../test/support/shared.js';
import { encoderStudent } from '../students/encoder-student.js';
import { type TrainableModel, type Weights, withWeights } from '../trainable.js';
import { initializeEncoder } from './initialize-encoder.js';
import { readBert } from './read-bert.js';

const HIDDEN = 'last_hidden_state';
const every = (rows: number) => Int32Array.from({ length: rows }, (_, id) => id);

/** Three texts of different lengths, padded on the right. */
function inputs(vocabulary: number): Record<string, Tensor> {
  const [batch, tokens] = [3, 9];
  const length = (row: number) => tokens - 3 * row;
  const ids = Array.from({ length: batch * tokens }, (_, i) => (1 + 7919 * i) % vocabulary);
  const mask = ids.map((_, i) => (i % tokens < length(Math.floor(i / tokens)) ? 1 : 0));
  const grid = (values: number[]) => int64s([batch, tokens], values);
  return { input_ids: grid(ids), attention_mask: grid(mask), token_type_ids: grid(ids.map(() => 0)) };
}

/** The hidden states of the tokens that are no padding. */
async function hiddenStates(model: Model, feeds: Record<string, Tensor>): Promise<Float32Array> {
  const b = new GraphBuilder({ base: model });
  if (!b.graph.outputs.some(({ name }) => name === HIDDEN)) b.output(HIDDEN, 'float32', undefined);
  const session = await openSession(writeModel(b.build({ irVersion: 9 })), { placement: 'inline' });
  const known = Object.entries(feeds).filter(([name]) => model.graph.inputs.some((input) => input.name === name));
  const { [HIDDEN]: hidden } = await session.run(Object.fromEntries(known), { outputs: [HIDDEN] });
  await session.close();
  const width = hidden.dims[2];
  const mask = feeds.attention_mask.data as BigInt64Array;
  return (hidden.data as Float32Array).filter((_, i) => mask[Math.floor(i / width)] === 1n);
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);
}

function studentOf(spec: EncoderShape, teacher: Model, vocabularySize: number): TrainableModel {
  const bert = readBert(teacher);
  const student = encoderStudent(spec, { vocabularySize, classes: 2, seed: 1 });
  return initializeEncoder(student, spec, { teacher: bert, kept: every(vocabularySize), seed: 1 });
}

const SPEC: EncoderShape = {
  family: 'encoder',
  layers: 3,
  width: 16,
  heads: 4,
  intermediate: 24,
  maxLength: 12,
  dropout: 0.1,
  pooling: 'mean',
  hidden: 0,
  initFrom: { layers: [0, 1, 2] },
};
const TEACHER = { layers: 3, width: 16, heads: 4, intermediate: 24, vocabulary: 31, positions: 12 };

describe('an encoder student of its teacher’s layers', () => {
  it.each(['matmul', 'gemm', 'fused qkv'] as const)(
    'computes the hidden states of a BERT exported with %s',
    async (style) => {
      const teacher = exportedBert({ ...TEACHER, style });
      const student = studentOf(SPEC, teacher, TEACHER.vocabulary);
      const feeds = inputs(TEACHER.vocabulary);
      expect(
        largestDifference(await hiddenStates(student.model, feeds), await hiddenStates(teacher, feeds)),
      ).toBeLessThan(1e-5);
    },
  );

  it('takes the layers that it was told, and the rows of the tokens that it has', async () => {
    const teacher = exportedBert({ ...TEACHER, style: 'matmul' });
    const bert = readBert(teacher);
    const spec = { ...SPEC, layers: 1, initFrom: { layers: [1] } };
    const student = encoderStudent(spec, { vocabularySize: 3, classes: 2, seed: 1 });
    const { model } = initializeEncoder(student, spec, { teacher: bert, kept: Int32Array.of(4, 7, 30), seed: 1 });
    const weight = (name: string) => model.graph.initializers.get(name)?.data as Float32Array;
    expect(weight('layers.0.feed_forward.up.weight')).toEqual(bert.layers[1].up.weight);
    expect(weight('embeddings.word').subarray(16, 32)).toEqual(bert.words.values.subarray(7 * 16, 8 * 16));
    // The classifier is new.
    expect(weight('output.weight')).toEqual(student.model.graph.initializers.get('output.weight')?.data);
  });

  it('projects to a narrower width without loss where the teacher uses no more', async () => {
    // A student of width 8 is lifted into a teacher of width 16 by orthonormal rows that keep the mean: [I, I]/√2.
    const narrow: EncoderShape = {
      ...SPEC,
      layers: 2,
      width: 8,
      heads: 2,
      intermediate: 12,
      dropout: 0,
      initFrom: { layers: [0, 1] },
    };
    const source = encoderStudent(narrow, { vocabularySize: 60, classes: 2, seed: 3 });
    const wide = encoderStudent({ ...narrow, width: 16, heads: 4 }, { vocabularySize: 60, classes: 2, seed: 4 });
    const original = withWeights(source.model, louder(source));
    const teacher = withWeights(wide.model, lifted(original, wide, { from: 8, to: 16 }));
    const student = studentOf(narrow, teacher, 60);
    const feeds = inputs(60);
    const [expected, got] = [await hiddenStates(original, feeds), await hiddenStates(student.model, feeds)];
    // The same states up to a rotation: all products between them are the same.
    expect(largestDifference(products(got, 8), products(expected, 8))).toBeLessThan(1e-3);
  });

  it('says what of the spec does not fit the teacher', () => {
    const teacher = exportedBert({ ...TEACHER, style: 'matmul' });
    const build = (changes: Partial<EncoderShape>) => () =>
      studentOf({ ...SPEC, ...changes }, teacher, TEACHER.vocabulary);
    expect(build({ initFrom: { layers: [0, 1, 3] } })).toThrow(
      'student.initFrom.layers names layer 3, but the teacher has 3, counted from 0',
    );
    expect(build({ initFrom: { layers: [0] } })).toThrow('names 1 layers, the student has 3');
    expect(build({ width: 32 })).toThrow("width (32) must not be above the teacher's, 16");
    expect(build({ heads: 2 })).toThrow('heads (2) must be of width 4');
  });

  it('says of a graph of another shape what it missed', () => {
    const b = new GraphBuilder();
    b.output(b.add('Relu', [b.input('x', 'float32', [2])], { outputs: ['y'] }), 'float32', [2]);
    expect(() => readBert(b.build())).toThrow('not shaped like BERT: it has no LayerNormalization');
  });

  const minilm = sharedPath('models/minilm-l6/model.onnx.gz');
  it.skipIf(minilm === undefined)('computes the hidden states of all-MiniLM-L6-v2 (needs ../shared)', async () => {
    const teacher = readModel(gunzipSync(readFileSync(minilm as string)));
    const spec = {
      ...SPEC,
      layers: 6,
      width: 384,
      heads: 12,
      intermediate: 1536,
      maxLength: 512,
      initFrom: { layers: [0, 1, 2, 3, 4, 5] },
    };
    // A part of the vocabulary: new weights for all of it would take most of the time.
    const student = studentOf(spec, teacher, 2000);
    const feeds = inputs(2000);
    expect(
      largestDifference(await hiddenStates(student.model, feeds), await hiddenStates(teacher, feeds)),
    ).toBeLessThan(1e-4);
  });
});

/** Weights far from a new student's small ones, so that attention and activations do something. Scales and biases stay. */
function louder({ model, trainable }: TrainableModel): Weights {
  const matrices = trainable.map((name) => [name, findInitializer(model, name)] as const);
  return new Map(
    matrices.flatMap(([name, { dims, data }]) =>
      dims.length === 2 ? [[name, (data as Float32Array).map((value) => 15 * value)]] : [],
    ),
  );
}

/** The weights of `original` in a model of twice the width: states x become [x, x]/√2, and half of the heads are idle. */
function lifted(original: Model, wide: TrainableModel, { from, to }: { from: number; to: number }): Weights {
  return new Map(
    wide.trainable.map((name) => {
      const target = findInitializer(wide.model, name);
      const { dims, data } = findInitializer(original, name);
      const values = data as Float32Array;
      const reads = name.endsWith('qkv.weight') || name.endsWith('up.weight') || name === 'output.weight';
      const columns = dims.at(-1) as number;
      const out = new Float32Array(target.data.length);
      const width = target.dims.at(-1) as number;
      for (let i = 0; i < out.length; i++) {
        const [row, column] = [Math.floor(i / width), i % width];
        // LayerNormalization restores the size √width, so its scale takes 1/√2 of [x, x] back.
        if (name.endsWith('norm.scale')) out[i] = values[column % from] / Math.SQRT2;
        else if (name.endsWith('qkv.weight') || name.endsWith('qkv.bias')) {
          const [part, inner] = [Math.floor(column / to), column % to];
          const share = name.endsWith('bias') ? 1 : Math.SQRT1_2;
          out[i] = inner < from ? share * values[(row % from) * columns + part * from + inner] : 0;
        } else if (name.endsWith('attention.output.weight')) {
          out[i] = row < from ? Math.SQRT1_2 * values[row * columns + (column % from)] : 0;
        } else if (reads) out[i] = Math.SQRT1_2 * values[(row % from) * columns + column];
        else if (name.endsWith('up.bias') || name === 'output.bias') out[i] = values[column];
        else out[i] = Math.SQRT1_2 * values[row * columns + (column % from)];
      }
      return [name, out];
    }),
  );
}

/** All scalar products of the states `[n, width]` with each other, `[n, n]`. */
function products(states: Float32Array, width: number): Float32Array {
  const count = states.length / width;
  return Float32Array.from({ length: count * count }, (_, at) => {
    const [i, j] = [Math.floor(at / count), at % count];
    let sum = 0;
    for (let k = 0; k < width; k++) sum += states[i * width + k] * states[j * width + k];
    return sum;
  });
}
