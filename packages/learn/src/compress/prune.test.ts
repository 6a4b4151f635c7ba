import type { EncoderShape } from '@retort/contracts';
import { findInitializer, floats, int64s } from '@retort/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runModel } from '../../../../test/support/run-model.ts';
import { tinyTraining } from '../../../../test/support/tiny-training.ts';
import type { TrainingExamples } from '../examples.js';
import { evaluate } from '../measure/metrics.js';
import { predict } from '../measure/predict.js';
import { encoderStudent } from '../students/encoder-student.js';
import { staticStudent } from '../students/static-student.js';
import { wordTables } from '../students/word-tables.js';
import { type TrainableModel, withWeights } from '../trainable.js';
import { train } from '../training/train.js';
import {
  attentionLayers,
  hiddenLayers,
  keepHeads,
  keepTokens,
  keepUnits,
  magnitudeMasks,
  mostImportant,
  normImportance,
  outputMatrix,
  prunableMatrices,
  pruneHeads,
  pruneHidden,
  pruneMagnitude,
  taylorImportance,
  withMasks,
} from './index.js';

const SPEC: EncoderShape = {
  ...{ family: 'encoder', layers: 2, width: 12, heads: 3, intermediate: 10 },
  ...{ maxLength: 9, dropout: 0, pooling: 'mean', hidden: 0 },
};
const SHAPE = { vocabularySize: 40, classes: 3, seed: 2 };
const encoder = (changes: Partial<EncoderShape> = {}) => encoderStudent({ ...SPEC, ...changes }, SHAPE);
const bag = () =>
  staticStudent(
    {
      family: 'static',
      tokens: 'characters',
      tokenWidth: 0,
      width: 4,
      buckets: 300,
      hidden: 8,
      minGram: 2,
      maxGram: 3,
      maxLength: 32,
    },
    SHAPE,
  );

const { model: _, trainable: __, loss, validate: ___, training, ...examples } = tinyTraining();
const feeds = examples.inputs(Int32Array.from({ length: 8 }, (____, i) => i));

/** The student with the given rows of a matrix at 0. */
function silenced(student: TrainableModel, matrix: string, rows: number[]): TrainableModel {
  const { dims, data } = findInitializer(student.model, matrix);
  const values = Float32Array.from(data as Float32Array);
  for (const row of rows) values.fill(0, row * dims[1], (row + 1) * dims[1]);
  return { ...student, model: withWeights(student.model, new Map([[matrix, values]])) };
}

async function expectSameLogits(a: TrainableModel, b: TrainableModel, inputs = feeds): Promise<void> {
  const [expected, actual] = [await runModel(a.model, feeds), await runModel(b.model, inputs)];
  expect(actual.length).toBe(expected.length);
  for (const [i, logit] of actual.entries()) expect(Math.abs(logit - expected[i])).toBeLessThan(1e-5);
}

const extentsOf = ({ model }: TrainableModel, name: string) => findInitializer(model, name).dims;

describe('pruning hidden units', () => {
  it.each([
    ['encoder', encoder, ['layers.0.feed_forward.up.weight', 'layers.1.feed_forward.up.weight']],
    ['static', bag, ['hidden.weight']],
  ])('finds the layers of the %s family', (_name, build, weights) => {
    expect(hiddenLayers(build()).map(({ weight }) => weight)).toEqual(weights);
  });

  it('sees through dropout, and finds none where there is none', () => {
    expect(hiddenLayers(encoder({ dropout: 0.1 })).length).toBe(2);
    const flat = { width: 4, buckets: 300, hidden: 0, minGram: 2, maxGram: 3, maxLength: 32 };
    expect(
      hiddenLayers(staticStudent({ family: 'static', tokens: 'characters', tokenWidth: 0, ...flat }, SHAPE)),
    ).toEqual([]);
  });

  it.each([
    ['encoder', encoder],
    ['static', bag],
  ])('changes nothing where only units go that nobody listens to: %s', async (_name, build) => {
    const units = build === bag ? 8 : 10;
    await fc.assert(
      fc.asyncProperty(fc.subarray([...Array(units).keys()], { minLength: 1, maxLength: units - 1 }), async (gone) => {
        const layer = hiddenLayers(build()).at(-1);
        if (!layer) throw new Error('no hidden layer');
        const student = silenced(build(), layer.next[0], gone);
        const kept = Int32Array.from([...Array(units).keys()].filter((unit) => !gone.includes(unit)));
        const smaller = keepUnits(student, layer, kept);
        expect(extentsOf(smaller, layer.weight)[1]).toBe(kept.length);
        await expectSameLogits(student, smaller);
        // By their norm they are the first to go.
        const [scores] = normImportance(student, [{ matrix: layer.next[0], group: 1 }]);
        expect([...mostImportant(scores, kept.length)]).toEqual([...kept]);
      }),
      { numRuns: 4 },
    );
  });

  it('takes the share, and leaves one', () => {
    const layers = hiddenLayers(bag());
    const scores = [Float64Array.from({ length: 8 }, (_unit, i) => i)];
    expect(extentsOf(pruneHidden(bag(), layers, scores, 0.5), 'hidden.weight')).toEqual([8, 4]);
    expect(extentsOf(pruneHidden(bag(), layers, scores, 0.99), 'output.weight')).toEqual([1, 3]);
  });
});

describe('pruning heads', () => {
  it('changes nothing where only heads go that nobody listens to, and can be repeated and trained', async () => {
    const layers = attentionLayers(encoder());
    expect(layers.map(({ heads, headWidth }) => [heads, headWidth])).toEqual([
      [3, 4],
      [3, 4],
    ]);
    const rowsOf = (...heads: number[]) => heads.flatMap((head) => [0, 1, 2, 3].map((row) => 4 * head + row));
    let student = silenced(encoder(), outputMatrix(layers[0]), rowsOf(1));
    student = silenced(student, outputMatrix(layers[1]), rowsOf(0, 2));
    const first = keepHeads(student, layers[0], Int32Array.of(0, 2));
    const once = keepHeads(first, layers[1], Int32Array.of(1, 2));
    const twice = keepHeads(once, attentionLayers(once)[1], Int32Array.of(0));
    expect(attentionLayers(twice).map(({ heads }) => heads)).toEqual([2, 1]);
    expect(extentsOf(twice, 'layers.1.attention.qkv.weight')).toEqual([12, 12]);
    await expectSameLogits(student, twice);
    const { weights } = await train({ ...examples, ...twice, loss, training: { ...training, epochs: 1 } });
    expect(weights.get('layers.1.attention.output.weight')?.length).toBe(4 * 12);
  });

  it('takes the least important of all layers, and leaves one in each', () => {
    const student = encoder();
    const layers = attentionLayers(student);
    const scores = [Float64Array.of(0.1, 0.2, 0.1), Float64Array.of(5, 1, 6)];
    expect(pruneHeads(student, layers, scores, 0.5).kept.map((heads) => [...heads])).toEqual([[1], [0, 2]]);
    expect(pruneHeads(student, layers, scores, 0.99).kept.map((heads) => [...heads])).toEqual([[1], [2]]);
    expect(attentionLayers(bag())).toEqual([]);
  });
});

describe('taylorImportance', () => {
  it('is the derivative of the loss by a factor on the unit', async () => {
    const student = encoder();
    const all: TrainingExamples = examples;
    const [heads, hidden] = [
      { matrix: 'layers.1.attention.output.weight', group: 4 },
      { matrix: 'layers.0.feed_forward.down.weight', group: 1 },
    ];
    // All rows in one batch: there is one gradient, whose size can be compared with differences of the loss.
    const options = { examples: all, loss: { lambda: 1, temperature: 1 }, seed: 1, batchSize: 30 };
    const scores = await taylorImportance(student, [heads, hidden], options);
    expect(scores.map(({ length }) => length)).toEqual([3, 10]);
    const lossWith = async (matrix: string, rows: number[], factor: number) => {
      const { dims, data } = findInitializer(student.model, matrix);
      const scaled = (data as Float32Array).map((w, at) => (rows.includes(Math.floor(at / dims[1])) ? factor * w : w));
      const logits = await predict(withWeights(student.model, new Map([[matrix, scaled]])), all);
      return evaluate(logits, all.labels, 3).nll;
    };
    for (const [{ matrix, group }, own, unit] of [[heads, scores[0], 2] as const, [hidden, scores[1], 7] as const]) {
      const rows = Array.from({ length: group }, (_row, i) => unit * group + i);
      const [up, down] = [await lossWith(matrix, rows, 21), await lossWith(matrix, rows, -19)];
      // The weights are small, so that the loss is straight even over ±20.
      expect(own[unit]).toBeGreaterThan(0);
      expect(Math.abs(up - down) / 40 / own[unit]).toBeCloseTo(1, 1);
    }
  });
});

describe('pruning by magnitude', () => {
  it('takes the smallest, of each tensor or of all', () => {
    const student = {
      model: withWeights(bag().model, new Map([['output.bias', Float32Array.of(1, 2, 3)]])),
      trainable: [],
    };
    const { model } = student;
    const small = {
      ...model.graph,
      initializers: new Map([
        ['a', floats([4], [1, -5, 2, 0.5])],
        ['b', floats([2], [-9, 8])],
      ]),
    };
    const masks = (scope: 'tensor' | 'global') =>
      [...magnitudeMasks({ ...model, graph: small }, ['a', 'b'], { share: 0.5, scope }).values()].map((mask) => [
        ...mask,
      ]);
    expect(masks('tensor')).toEqual([
      [0, 1, 1, 0],
      [1, 0],
    ]);
    expect(masks('global')).toEqual([
      [0, 1, 0, 0],
      [1, 1],
    ]);
  });

  it.each(['adamw', 'sgd'] as const)('keeps the zeros through fine-tuning by %s, and only them', async (optimizer) => {
    const student = bag();
    const names = prunableMatrices(student);
    expect(names).toEqual(['hidden.weight', 'output.weight']);
    const masks = magnitudeMasks(student.model, names, { share: 0.4, scope: 'tensor' });
    const pruned = pruneMagnitude(student, masks);
    const { weights } = await train({
      ...examples,
      ...withMasks(pruned, masks),
      loss,
      training: { ...training, optimizer, averageDecay: 0.9, weightDecay: 0.1 },
    });
    const tuned = withWeights(pruned.model, weights);
    for (const [name, mask] of masks) {
      const [before, after] = [pruned.model, tuned].map((model) => findInitializer(model, name).data as Float32Array);
      expect(Array.from(after, (value) => Number(value !== 0))).toEqual([...mask]);
      expect([...after]).not.toEqual([...before]);
    }
  });
});

describe('pruning the vocabulary', () => {
  it('answers texts of the tokens that stay as before', async () => {
    const student = encoder();
    expect(wordTables(student)).toEqual(['embeddings.word']);
    expect(wordTables(bag())).toEqual([]);
    const old = feeds.input_ids.data as BigInt64Array;
    const kept = Int32Array.from(new Set(Array.from(old, Number))).sort();
    const renumbered = Array.from(old, (id) => kept.indexOf(Number(id)));
    const smaller = keepTokens(student, kept);
    expect(extentsOf(smaller, 'embeddings.word')).toEqual([kept.length, 12]);
    await expectSameLogits(student, smaller, { ...feeds, input_ids: int64s(feeds.input_ids.dims, renumbered) });
  });
});
