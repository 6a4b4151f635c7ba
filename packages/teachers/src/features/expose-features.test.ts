import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readBert } from '@retort/learn';
import { floats, GraphBuilder, int64s, type Model, readModel, type Tensor, unfuse, writeModel } from '@retort/onnx';
import { openSession } from '@retort/runtime';
import { describe, expect, it } from 'vitest';
import { type ExportedBertOptions, exportedBert } from '../../../../test/support/exported-bert.ts';
import { sharedPath } from '../../../../test/support/shared.js';
import { exposeFeatures } from './expose-features.js';
import type { FeatureRequest } from './feature-request.js';

const SHAPE = { layers: 3, width: 8, heads: 2, intermediate: 12, vocabulary: 30, positions: 12 };
const [BATCH, TOKENS] = [2, 5];
const STYLES = ['matmul', 'gemm', 'fused qkv', 'fused attention'] as const;

/** Two texts, the second of 3 tokens. */
function inputs(vocabulary: number): Record<string, Tensor> {
  const grid = (of: (i: number) => number) =>
    int64s(
      [BATCH, TOKENS],
      Array.from({ length: BATCH * TOKENS }, (_, i) => of(i)),
    );
  return {
    input_ids: grid((i) => (1 + 7919 * i) % vocabulary),
    attention_mask: grid((i) => (i < 8 ? 1 : 0)),
    token_type_ids: grid(() => 0),
  };
}

/** The mean over the first tokens' states, through a layer named by nobody. */
function classifier(options: Partial<ExportedBertOptions> & Pick<ExportedBertOptions, 'style'>): Model {
  const b = new GraphBuilder({ base: exportedBert({ ...SHAPE, ...options }) });
  b.graph.outputs = [];
  const first = b.add('Gather', ['last_hidden_state', b.constant(int64s([], [0]))], { attributes: { axis: 1 } });
  const pooled = b.add('Tanh', [first], { outputs: ['pooled'] });
  const kernel = b.constant(
    floats(
      [8, 3],
      Array.from({ length: 24 }, (_, i) => Math.sin(i)),
    ),
  );
  b.add('Gemm', [pooled, kernel, b.constant(floats([3]))], { outputs: ['logits'] });
  b.output('logits', 'float32', ['batch', 3]);
  return b.build();
}

async function run(model: Model, outputs: string[], vocabulary = SHAPE.vocabulary): Promise<Float32Array[]> {
  const session = await openSession(writeModel(model), { placement: 'inline' });
  const results = await session.run(inputs(vocabulary), { outputs });
  await session.close();
  return outputs.map((output) => results[output].data as Float32Array);
}

/** What a teacher gives for requests, with the features as they were declared. */
async function expose(model: Model, requests: FeatureRequest[], vocabulary?: number) {
  const exposed = exposeFeatures(model, requests);
  const outputs = exposed.features.map(({ output }) => output);
  return { ...exposed, found: await run(exposed.model, outputs, vocabulary) };
}

/** Values of the tokens that are no padding: `[batch, tokens, width]` without the last two tokens of the second text. */
const real = (values: Float32Array) => values.subarray(0, (values.length * 8) / (BATCH * TOKENS));

function expectClose(found: Float32Array, expected: ArrayLike<number>, digits = 4): void {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < found.length; i++) expect(found[i]).toBeCloseTo(expected[i], digits);
}

/** softmax(q·kᵀ/√headWidth) over the real keys, in doubles, of the real queries; `[batch, heads, tokens, tokens]`, else 0. */
function mapsOf(query: Float32Array, key: Float32Array, heads: number, width: number): number[] {
  const headWidth = width / heads;
  const maps: number[] = [];
  for (let map = 0; map < BATCH * heads * TOKENS; map++) {
    const [text, head, token] = [Math.floor(map / TOKENS / heads), Math.floor(map / TOKENS) % heads, map % TOKENS];
    const at = (row: number) => (text * TOKENS + row) * width + head * headWidth;
    const scores = Array.from({ length: TOKENS }, (_, other) => {
      let sum = 0;
      for (let i = 0; i < headWidth; i++) sum += query[at(token) + i] * key[at(other) + i];
      return text === 1 && other >= 3 ? 0 : Math.exp(sum / Math.sqrt(headWidth));
    });
    const total = scores.reduce((a, b) => a + b, 0);
    maps.push(...scores.map((score) => score / total));
  }
  return maps;
}

describe.each(STYLES)('a teacher written as %s', (style) => {
  it('gives the states after each of its layers', async () => {
    const teacher = classifier({ style });
    const { features, found } = await expose(teacher, [{ kind: 'hidden', layer: 0 }, { kind: 'hidden' }]);
    expect(features).toMatchObject([
      { axes: 'token', width: 8 },
      { axes: 'token', width: 8 },
    ]);
    // A BERT of fewer layers has the same weights in them.
    const [one] = await run(exportedBert({ ...SHAPE, layers: 1, style }), ['last_hidden_state']);
    const [all] = await run(exportedBert({ ...SHAPE, style }), ['last_hidden_state']);
    expectClose(real(found[0]), real(one));
    expectClose(real(found[1]), real(all));
  });

  it('gives projections and maps that are what its weights make of the states', async () => {
    const teacher = classifier({ style });
    const layer = 1;
    const kinds = ['query', 'key', 'value'] as const;
    const { features, found } = await expose(teacher, [
      { kind: 'hidden', layer: 0 },
      ...kinds.map((kind) => ({ kind, layer })),
      { kind: 'attention', layer },
    ]);
    const [hidden, query, key, value, maps] = found as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const weights = readBert(unfuse(teacher)).layers[layer];
    for (const [kind, values] of [
      ['query', query],
      ['key', key],
      ['value', value],
    ] as const) {
      const { weight, bias } = weights[kind];
      const expected = Array.from(values, (_, at) => {
        const [row, to] = [Math.floor(at / 8), at % 8];
        let sum = bias[to];
        for (let i = 0; i < 8; i++) sum += hidden[8 * row + i] * weight[8 * i + to];
        return sum;
      });
      expectClose(values, expected);
    }
    expect(features[4]).toMatchObject({ axes: 'pair', width: 2 });
    expect(features[3]).toMatchObject({ axes: 'token', width: 8, heads: 2 });
    expectClose(maps, mapsOf(query, key, 2, 8));
  });

  it('gives what its classifier reads, and values by their names', async () => {
    const teacher = classifier({ style });
    const { features, found } = await expose(teacher, [
      { kind: 'embedding' },
      { kind: 'tensor', name: 'pooled', axes: 'text' },
      { kind: 'tensor', name: 'last_hidden_state', axes: 'token' },
    ]);
    expect(features[0]).toMatchObject({ axes: 'text', width: 8 });
    const [hidden] = await run(exportedBert({ ...SHAPE, style }), ['last_hidden_state']);
    const expected = Array.from({ length: BATCH * 8 }, (_, i) =>
      Math.tanh(hidden[Math.floor(i / 8) * 8 * TOKENS + (i % 8)]),
    );
    expectClose(found[0], expected);
    expectClose(found[1], expected);
    expectClose(found[2], hidden);
  });
});

describe('exposeFeatures', () => {
  const teacher = classifier({ style: 'matmul' });

  it('computes nothing that was not asked for', () => {
    const { model } = exposeFeatures(teacher, [{ kind: 'hidden', layer: 0 }]);
    expect(model.graph.nodes.filter(({ op }) => op === 'Softmax')).toHaveLength(1);
    expect(model.graph.outputs).toHaveLength(1);
  });

  it.each<[string, FeatureRequest, string]>([
    ['a layer', { kind: 'value', layer: 3 }, 'the values of layer 3 of the teacher cannot be had: it has 3 layers'],
    ['a name', { kind: 'tensor', name: 'poled', axes: 'text' }, 'Of 2 axes it has'],
    ['a rank', { kind: 'tensor', name: 'pooled', axes: 'token' }, 'not [batch, tokens, width] with a fixed width'],
    ['axes', { kind: 'tensor', name: 'last_hidden_state', axes: 'pair' }, 'not [batch, heads, tokens, tokens]'],
  ])('says what the teacher has where it has not %s', (_, request, reason) => {
    expect(() => exposeFeatures(teacher, [request])).toThrow(
      expect.objectContaining({ code: 'RT_INVALID_SPEC', message: expect.stringContaining(reason) }),
    );
  });

  it('says so where a value is no floats, axes are the other way round, and nothing is shaped like BERT', () => {
    const b = new GraphBuilder();
    b.input('input_ids', 'int64', ['batch', 'tokens']);
    const table = b.constant(floats([9, 4], Array.from({ length: 36 }, Math.sin)));
    const looked = b.add('Gather', [table, 'input_ids']);
    b.add('Transpose', [looked], { outputs: ['turned'], attributes: { perm: [1, 0, 2] } });
    b.add('Shape', ['input_ids'], { outputs: ['extents'] });
    b.add('ReduceSum', ['turned', b.constant(int64s([1], [0]))], { outputs: ['logits'], attributes: { keepdims: 0 } });
    b.output('logits', 'float32', ['batch', 4]);
    const refusal = (request: FeatureRequest) => () => exposeFeatures(b.build(), [request]);
    expect(refusal({ kind: 'tensor', name: 'extents', axes: 'text' })).toThrow('it is int64, not of floats');
    expect(refusal({ kind: 'tensor', name: 'turned', axes: 'token' })).toThrow('it is [tokens, batch, 4]');
    expect(refusal({ kind: 'hidden' })).toThrow('not shaped like BERT');
    expect(refusal({ kind: 'embedding' })).toThrow('no dense layer of vectors');
  });
});

const minilm = sharedPath('models/minilm-l6/model.onnx.gz');
describe.skipIf(minilm === undefined)('all-MiniLM-L6-v2 (of ../shared, skipped without it)', () => {
  it('gives states, maps and projections of its six layers', async () => {
    const given = readModel(gunzipSync(readFileSync(minilm as string)));
    const { features, found } = await expose(
      given,
      [
        { kind: 'hidden' },
        { kind: 'query', layer: 2 },
        { kind: 'key', layer: 2 },
        { kind: 'attention', layer: 2 },
        { kind: 'tensor', name: 'last_hidden_state', axes: 'token' },
      ],
      30_000,
    );
    expect(features.map(({ width }) => width)).toEqual([384, 384, 384, 12, 384]);
    expectClose(real(found[0]), real(found[4]));
    expectClose(found[3], mapsOf(found[1], found[2], 12, 384));
    expect(() => exposeFeatures(given, [{ kind: 'hidden', layer: 6 }])).toThrow('it has 6 layers');
  });
});
