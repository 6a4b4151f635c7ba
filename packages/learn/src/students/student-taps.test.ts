import type { EncoderShape, StaticShape } from '@retort/contracts';
import { findInitializer, GraphBuilder, int64s, type Model, type Tensor, writeModel } from '@retort/onnx';
import { openSession } from '@retort/runtime';
import { describe, expect, it } from 'vitest';
import { encoderStudent } from './encoder-student.js';
import { staticStudent } from './static-student.js';
import { EMBEDDING_TAP, layerTaps } from './student-taps.js';

const OPTIONS = { vocabularySize: 12, classes: 3, seed: 2 };
const [BATCH, TOKENS] = [2, 4];
const feeds: Record<string, Tensor> = {
  input_ids: int64s([BATCH, TOKENS], [1, 2, 3, 4, 5, 6, 0, 0]),
  attention_mask: int64s([BATCH, TOKENS], [1, 1, 1, 1, 1, 1, 0, 0]),
};

/** The named values within a model, run as it would be served. */
async function valuesOf(model: Model, names: string[]): Promise<Record<string, Tensor>> {
  const b = new GraphBuilder({ base: model });
  for (const name of names) {
    if (!b.graph.outputs.some((output) => output.name === name)) b.output(name, 'float32', undefined);
  }
  const session = await openSession(writeModel(b.build(model)), { placement: 'inline' });
  const results = await session.run(feeds, { outputs: names });
  await session.close();
  return results;
}

/** The logits of a linear layer over vectors `[batch, width]`, in doubles. */
function linear({ data, dims }: Tensor, model: Model): number[] {
  const [rows, width] = dims as [number, number];
  const [weight, bias] = ['output.weight', 'output.bias'].map((name) => findInitializer(model, name).data) as [
    Float32Array,
    Float32Array,
  ];
  return Array.from({ length: rows * OPTIONS.classes }, (_, at) => {
    const [row, to] = [Math.floor(at / OPTIONS.classes), at % OPTIONS.classes];
    let sum = bias[to];
    for (let i = 0; i < width; i++) sum += (data as Float32Array)[row * width + i] * weight[i * OPTIONS.classes + to];
    return sum;
  });
}

const expectClose = (found: ArrayLike<number>, expected: ArrayLike<number>) => {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < found.length; i++) expect(found[i]).toBeCloseTo(expected[i], 5);
};

describe('the taps of an encoder student', () => {
  const spec: EncoderShape = {
    ...{ family: 'encoder', layers: 2, width: 8, heads: 2, intermediate: 16, maxLength: 6, dropout: 0.1 },
    pooling: 'mean',
    hidden: 0,
  };

  it.each(['mean', 'cls'] as const)('are what its layers and its head read and give, pooling %s', async (pooling) => {
    const { model } = encoderStudent({ ...spec, pooling }, OPTIONS);
    const taps = layerTaps(1);
    const names = [...Object.values(taps), layerTaps(0).hidden, EMBEDDING_TAP, 'last_hidden_state', 'logits'];
    const values = await valuesOf(model, names);
    expectClose(values[taps.hidden].data as Float32Array, values.last_hidden_state.data as Float32Array);
    expect(values[layerTaps(0).hidden].dims).toEqual([BATCH * TOKENS, spec.width]);
    expectClose(values.logits.data as Float32Array, linear(values[EMBEDDING_TAP], model));
    // softmax(q·kᵀ/√headWidth) over the real keys of each text.
    const [query, key] = [taps.query, taps.key].map((name) => values[name].data as Float32Array);
    const headWidth = spec.width / spec.heads;
    const maps: number[] = [];
    for (let map = 0; map < BATCH * spec.heads * TOKENS; map++) {
      const [text, head, token] = [
        Math.floor(map / TOKENS / spec.heads),
        Math.floor(map / TOKENS) % spec.heads,
        map % TOKENS,
      ];
      const at = (row: number) => (text * TOKENS + row) * spec.width + head * headWidth;
      const scores = Array.from({ length: TOKENS }, (_, other) => {
        let sum = 0;
        for (let i = 0; i < headWidth; i++) sum += query[at(token) + i] * key[at(other) + i];
        return text === 1 && other >= 2 ? 0 : Math.exp(sum / Math.sqrt(headWidth));
      });
      const total = scores.reduce((a, b) => a + b, 0);
      maps.push(...scores.map((score) => score / total));
    }
    expectClose(values[taps.attention].data as Float32Array, maps);
    expect(values[taps.value].dims).toEqual([BATCH * TOKENS, spec.width]);
  });
});

describe('the tap of a static student', () => {
  it('is what its head reads', async () => {
    const spec: StaticShape = {
      ...{
        family: 'static',
        tokens: 'characters',
        tokenWidth: 0,
        width: 8,
        buckets: 300,
        minGram: 1,
        maxGram: 2,
        hidden: 0,
        maxLength: 8,
      },
    };
    const { model } = staticStudent(spec, OPTIONS);
    const values = await valuesOf(model, [EMBEDDING_TAP, 'logits']);
    expect(values[EMBEDDING_TAP].dims).toEqual([BATCH, 2 * spec.width]);
    expectClose(values.logits.data as Float32Array, linear(values[EMBEDDING_TAP], model));
  });
});
