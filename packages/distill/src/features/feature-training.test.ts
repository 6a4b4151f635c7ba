import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress } from '@retort/contracts';
import { train } from '@retort/learn';
import { floats, GraphBuilder, int64s, readModel } from '@retort/onnx';
import { FeatureTeacher } from '@retort/teachers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportedBert } from '../../../../test/support/exported-bert.ts';
import { configOf, writeFolder } from '../../../../test/support/tiny-models.ts';
import { wordpiece } from '../../../../test/support/tokenizers.ts';
import { TOY_LABELS, toyRows, writeToyTeacher } from '../../../../test/support/toy-teacher.ts';
import { EncodedRows } from '../dataset/encoded-rows.js';
import { distill } from '../distill.js';
import { resolveSpec } from '../spec/resolve-spec.js';
import { draftStudent } from '../student/draft-student.js';
import { featureTargets } from './feature-targets.js';
import { openFeatures } from './feature-training.js';

const json = wordpiece({ lowercase: true });
const SHAPE = { layers: 2, width: 16, heads: 4, intermediate: 24, positions: 40 };
const MAX_LENGTH = 24;
const encoder = {
  family: 'encoder',
  layers: 2,
  width: 24,
  heads: 2,
  intermediate: 16,
  maxLength: MAX_LENGTH,
  dropout: 0,
};
const ALL = [
  { kind: 'hidden', teacherLayer: 0, studentLayer: 0 },
  { kind: 'hidden', distance: 'cosine' },
  { kind: 'attention' },
  { kind: 'value-relation', relationHeads: 4 },
  { kind: 'query-key-relation' },
  { kind: 'embedding' },
];

/** A BERT of random weights that classifies by its first token. */
function bertClassifier() {
  const vocabulary = Object.keys(json.model.vocab).length;
  const b = new GraphBuilder({ base: exportedBert({ ...SHAPE, vocabulary, style: 'matmul' }) });
  b.graph.outputs = [];
  const first = b.add('Gather', ['last_hidden_state', b.constant(int64s([], [0]))], { attributes: { axis: 1 } });
  const kernel = b.constant(
    floats(
      [16, 3],
      Array.from({ length: 48 }, (_, i) => Math.sin(i)),
    ),
  );
  b.add('Gemm', [first, kernel, b.constant(floats([3]))], { outputs: ['logits'] });
  b.output('logits', 'float32', ['batch', 3]);
  return b.build();
}

describe('training on what is inside the teacher', () => {
  let work: string;
  const rows = toyRows(60);
  const texts = rows.map(({ text }) => text);
  const at = (name: string) => join(work, name);

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'retort-features-'));
    writeFolder(at('bert'), bertClassifier(), {
      'config.json': configOf(TOY_LABELS),
      'tokenizer.json': json,
      'tokenizer_config.json': { model_max_length: 40, pad_token: '[PAD]', unk_token: '[UNK]' },
    });
    await writeToyTeacher(at('characters'));
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  async function opened(spec: object, teacher: string) {
    const resolved = resolveSpec({ training: { epochs: 8, batchSize: 15, learningRate: 0.01 }, ...spec });
    const teacherDir = at(teacher);
    const draft = await draftStudent(resolved, { texts, labels: TOY_LABELS, teacherDir });
    const examples = new EncodedRows(rows, draft.tokenizer, TOY_LABELS, new Float32Array(rows.length * 3));
    const every = Int32Array.from(rows.keys());
    const read = { texts, encoded: examples.encodings(every) };
    const features = await openFeatures(resolved, draft, read, { teacherDir });
    return { spec: resolved, draft, features, examples: examples.examples(every) };
  }

  /** The mean loss of each epoch: only that of the features, as there is neither a label nor a teacher's answer. */
  async function lossesOf(spec: object, teacher: string): Promise<number[]> {
    const { draft, examples, features, spec: resolved } = await opened(spec, teacher);
    const { count, digest, lengths, inputs } = examples;
    const unlabelled = { count, digest, lengths, inputs, labels: new Int32Array(count).fill(-1) };
    const { loss, training } = resolved;
    const { history, weights } = await train({ ...features.training, ...unlabelled, loss, training });
    await features.close();
    expect([...features.withoutProjections(weights).keys()]).toEqual(draft.trainable);
    return history.map((epoch) => epoch.loss);
  }

  it.each(ALL)('makes the student liker its teacher: %o', async (feature) => {
    const losses = await lossesOf({ student: encoder, features: [feature] }, 'bert');
    expect(losses.at(-1)).toBeLessThan(0.9 * losses[0]);
  });

  it('lets an encoder that classifies words past its layers learn the embedding', async () => {
    const student = { ...encoder, pooling: 'mean-and-words', hidden: 8 };
    const losses = await lossesOf({ student, features: [{ kind: 'embedding', distance: 'mse' }] }, 'bert');
    expect(losses.at(-1)).toBeLessThan(0.9 * losses[0]);
  });

  it.each([
    ['a teacher that reads other tokens', {}],
    ['a teacher whose tokens have a table', { tokens: 'teacher', tokenWidth: 4 }],
  ])('lets a static student learn the embedding of %s', async (_, tokens) => {
    const student = { family: 'static', width: 8, buckets: 512, hidden: 0, maxLength: 32, ...tokens };
    const losses = await lossesOf({ student, features: [{ kind: 'embedding', distance: 'mse' }] }, 'bert');
    expect(losses.at(-1)).toBeLessThan(0.9 * losses[0]);
  });

  it('gives the same for each batch whether it is kept or computed again, and says which', async () => {
    const teacher = await FeatureTeacher.open(at('bert'), [{ kind: 'hidden' }, { kind: 'attention' }]);
    const encoded = texts.slice(0, 9).map((text) => teacher.tokenizer.encode(text, 8 + (text.length % 7)));
    const notes: string[] = [];
    const onProgress = ({ note = '' }: Progress) => notes.push(note);
    const [kept, computed] = [
      await featureTargets(teacher, 'a', { encoded, onProgress }),
      await featureTargets(teacher, 'a', { encoded, mostKeptBytes: 1000, onProgress }),
    ];
    expect(notes[0]).toContain('kept in memory');
    expect(notes.at(-1)).toContain('computed for each batch');
    const batch = Int32Array.of(7, 2, 4);
    const [first, second] = [await kept.of(batch, 16), await computed.of(batch, 16)];
    const alone = await teacher.run([encoded[2]]);
    const real = encoded[2].length;
    expect(Object.keys(first)).toEqual(['teacher_feature_0', 'teacher_feature_1']);
    for (const [name, { dims, data }] of Object.entries(first)) {
      const [values, again] = [data as Float32Array, second[name].data as Float32Array];
      expect(dims).toEqual(name.endsWith('0') ? [3, 16, 16] : [3, 4, 16, 16]);
      for (const [i, value] of values.entries()) expect(value).toBeCloseTo(again[i], 5);
    }
    // The second text of the batch: its own tokens, then zeros.
    const states = (first.teacher_feature_0.data as Float32Array).subarray(16 * 16, 2 * 16 * 16);
    for (const [i, value] of states.entries()) expect(value).toBeCloseTo(i < real * 16 ? alone[0][0][i] : 0, 4);
    const maps = (first.teacher_feature_1.data as Float32Array).subarray(4 * 256, 2 * 4 * 256);
    for (const [i, value] of maps.entries()) {
      const [head, query, key] = [Math.floor(i / 256), Math.floor(i / 16) % 16, i % 16];
      const own = query < real && key < real ? alone[1][0][(head * real + query) * real + key] : 0;
      expect(value).toBeCloseTo(own, 4);
    }
    const signal = AbortSignal.abort();
    await expect(featureTargets(teacher, 'a', { encoded, signal })).rejects.toMatchObject({ code: 'RT_CANCELLED' });
    await teacher.close();
  });

  it('packages a student that started from its teacher without anything of the features', async () => {
    const student = { ...encoder, width: 16, heads: 4, initFrom: { layers: [0, 1] } };
    const spec = resolveSpec({ student, features: ALL, training: { epochs: 2, batchSize: 16 } });
    const { lineage } = await distill({ rows, teacherDir: at('bert'), outDir: at('student'), spec });
    expect(lineage.spec.features).toHaveLength(ALL.length);
    const { graph } = readModel(await readFile(at('student/onnx/model.onnx')));
    expect(graph.inputs.map(({ name }) => name)).toEqual(['input_ids', 'attention_mask']);
    expect(graph.outputs.map(({ name }) => name)).toEqual(['logits']);
    expect([...graph.initializers.keys()].filter((name) => /feature/.test(name) && !/feed/.test(name))).toEqual([]);
    expect(await readFile(at('student/README.md'), 'utf8')).toContain('| features | 1 · hidden, 1 · hidden, 1 · att');
  });

  it('is refused with the field before the teacher is asked anything, where it has not the layer', async () => {
    const spec = resolveSpec({ student: encoder, features: [{ kind: 'hidden', teacherLayer: 2 }] });
    let asked = 0;
    const onProgress = () => asked++;
    await expect(
      distill({ rows, teacherDir: at('bert'), outDir: at('refused'), spec, onProgress }),
    ).rejects.toMatchObject({
      code: 'RT_INVALID_SPEC',
      problems: [{ path: '/features/0/teacherLayer', message: "must be below the teacher's layers (2), got 2" }],
    });
    expect(asked).toBe(0);
  });

  it.each<[string, object, object, string]>([
    ['characters', {}, { kind: 'attention' }, 'not shaped like BERT'],
    ['characters', {}, { kind: 'hidden', teacherTensor: 'gather' }, 'neither WordPiece nor Unigram'],
    ['bert', { maxLength: 41 }, { kind: 'hidden' }, 'up to 41 tokens of a text, its teacher 40'],
    ['bert', {}, { kind: 'value-relation', relationHeads: 8, teacherTensor: 'odd' }, 'the value "odd"'],
    ['bert', {}, { kind: 'value-relation', relationHeads: 3 }, "divide the teacher's width (16)"],
    ['bert', {}, { kind: 'hidden', teacherLayer: 2 }, 'it has 2 layers'],
  ])('says why the teacher "%s" has not what is asked: %o %o', async (teacher, student, feature, reason) => {
    const message = expect.stringContaining(reason);
    await expect(opened({ student: { ...encoder, ...student }, features: [feature] }, teacher)).rejects.toMatchObject({
      code: 'RT_INVALID_SPEC',
      message,
    });
  });
});
