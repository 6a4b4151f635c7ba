import type { DistillationSpec } from '@retort/contracts';
import { describe, expect, it } from 'vitest';
import type { DatasetShape } from '../dataset/dataset-shape.js';
import { recommendedSpec } from './recommended-spec.js';

const shapeOf = (train: number): DatasetShape => {
  const split = { train, valid: 10, test: 10 };
  return { rows: split, labels: { a: split } };
};
const recommend = (input: unknown, tokenizer = 'WordPiece', train = 20_000) =>
  recommendedSpec(input, { tokenizer, shape: shapeOf(train) });

describe('what is recommended', () => {
  it('reads the tokens of a teacher that has words, and writes a transfer set', () => {
    expect(recommend({})).toMatchObject({
      student: { family: 'static', tokens: 'teacher', tokenWidth: 256, minGram: 2, maxGram: 2 },
      transferSet: { multiply: 2, seed: 1 },
      loss: { temperature: 2 },
      training: { epochs: 6, batchSize: 128 },
      compression: { steps: [{ kind: 'quantize' }] },
    });
    expect(recommend(undefined, 'BPE').student).toMatchObject({ tokens: 'characters', tokenWidth: 0, maxGram: 5 });
    const encoder = recommend({ student: { family: 'encoder', hidden: 64 } }).student;
    expect(encoder).toMatchObject({ layers: 2, width: 128, pooling: 'mean-and-words', hidden: 64 });
  });

  it('trains little data for more epochs', () => {
    expect(recommend({}, 'WordPiece', 2000).training.epochs).toBe(32);
    expect(recommend({}, 'WordPiece', 30).training.epochs).toBe(100);
    expect(recommend({ transferSet: { multiply: 0 } }, 'WordPiece', 2000).training.epochs).toBe(96);
  });

  it('starts an encoder from the ends of a BERT, in whole heads, unless its shape is asked for', () => {
    const known = { tokenizer: 'WordPiece', shape: shapeOf(20_000) };
    const encoder = (student: object, more: object) =>
      recommendedSpec({ student: { family: 'encoder', ...student } }, { ...known, ...more }).student;
    const minilm = { layers: 6, width: 384, heads: 12 };
    const started = { layers: 2, width: 160, heads: 5, initFrom: { layers: [0, 5] } };
    expect(encoder({}, { bert: minilm })).toMatchObject(started);
    const base = { layers: 12, width: 768, heads: 12 };
    expect(encoder({}, { bert: base })).toMatchObject({ width: 192, heads: 3, initFrom: { layers: [0, 11] } });
    const tiny = { layers: 2, width: 64, heads: 2 };
    expect(encoder({}, { bert: tiny })).toMatchObject({ width: 64, heads: 2, initFrom: { layers: [0, 1] } });
    for (const [student, more] of [
      [{}, { bert: null }],
      [{}, { bert: minilm, tokenizer: 'BPE' }],
      [{ layers: 2 }, { bert: minilm }],
    ] as const) {
      expect(encoder(student, more)).toMatchObject({ layers: 2, width: 128 });
      expect(encoder(student, more)).not.toHaveProperty('initFrom');
    }
    expect(encoder({ initFrom: { layers: [1] } }, { bert: minilm })).toMatchObject({ layers: 1, width: 256 });
    expect(encoder({}, { bert: { layers: 2, width: 8, heads: 2 } })).toMatchObject({ layers: 2, width: 128 });
    const swept = { space: { '/student/layers': { values: [1, 2, 3] } }, trials: 3 };
    const input = { student: { family: 'encoder' }, sweep: swept };
    expect(recommendedSpec(input, { ...known, bert: minilm }).student).not.toHaveProperty('initFrom');
  });

  it('recommends for an assistant what it does for a student', () => {
    const known = { tokenizer: 'WordPiece', shape: shapeOf(20_000), bert: { layers: 6, width: 384, heads: 12 } };
    const chain = (student: object, assistants: object[]) =>
      recommendedSpec({ student, progressive: { assistants } }, known);
    const same = chain({}, [{}]);
    // Nobody asks an assistant about words that the training text has not.
    expect(same.student.unseenTokens).toBe(6000);
    expect(same.progressive?.assistants?.[0].student).toEqual({ ...same.student, unseenTokens: 0 });
    const wider = { width: 256, initFrom: { layers: [0, 5] } };
    const { student, progressive } = chain({ family: 'encoder' }, [{ student: { family: 'encoder', ...wider } }]);
    expect(student).toMatchObject({ width: 160, initFrom: { layers: [0, 5] } });
    expect(progressive?.assistants?.[0].student).toMatchObject({ ...wider, pooling: 'mean-and-words', hidden: 1024 });
    const growth = { stages: [{ layers: 1 }, { layers: 2 }] };
    expect(
      recommendedSpec({ student: { family: 'encoder' }, progressive: { growth } }, known).student,
    ).not.toHaveProperty('initFrom');
  });

  it('adds words that the training text has not, where the student reads those of its teacher', () => {
    const known = { tokenizer: 'WordPiece', shape: shapeOf(20_000) };
    const unseen = (input: object, teacher: object = {}) =>
      recommendedSpec(input, { ...known, ...teacher }).student.unseenTokens;
    expect(unseen({})).toBe(6000);
    expect(unseen({ student: { family: 'encoder' } })).toBe(6000);
    expect(unseen({ student: { tokens: 'teacher', minGram: 1 } })).toBe(6000);
    expect(unseen({ student: { family: 'encoder', unseenTokens: 5 } })).toBe(5);
    for (const student of [{ tokens: 'teacher', tokenWidth: 0 }, { minGram: 3 }, { unseenTokens: 0 }]) {
      expect(unseen({ student })).toBe(0);
    }
    expect(unseen({}, { tokenizer: 'BPE' })).toBe(0);
    const compression = { steps: [{ kind: 'prune-vocabulary' }] };
    expect(unseen({ student: { family: 'encoder' }, compression })).toBe(0);
    expect(unseen({ sweep: { space: { '/student/tokenWidth': { values: [0, 256] } } } })).toBe(0);
    const candidates = (budget: object) =>
      recommendedSpec({ student: { family: 'auto', budget } }, known).auto?.candidates?.map(({ student }) => student);
    expect(candidates({ latencyMs: 1 })?.every(({ unseenTokens }) => unseenTokens === 6000)).toBe(true);
    expect(candidates({ bytes: 1e6 })?.every(({ unseenTokens }) => unseenTokens === 0)).toBe(true);
  });

  it('makes the student int8 only where that can be checked', () => {
    const labels = { a: { train: 100, valid: 0, test: 10 } };
    const shape = { rows: { train: 1000, valid: 0, test: 10 }, labels };
    expect(recommendedSpec({}, { tokenizer: 'WordPiece', shape })).not.toHaveProperty('compression');
    const outside = { ...shape, labels: { ...labels, oos: { train: 300, valid: 0, test: 0 } } };
    expect(recommendedSpec({}, { tokenizer: 'WordPiece', shape: outside })).not.toHaveProperty('compression');
    labels.a.train = 500;
    expect(recommendedSpec({}, { tokenizer: 'WordPiece', shape })).toHaveProperty('compression');
  });

  it('never undoes what was said', () => {
    expect(recommend({ transferSet: { multiply: 0 } }).transferSet?.multiply).toBe(0);
    expect(recommend({ loss: { lambda: 1 } })).not.toHaveProperty('transferSet');
    const staged = (lambda: number, at: number) => ({ lambda, schedule: { stages: [{ until: 1, lambda: at }] } });
    expect(recommend({ loss: staged(0.1, 1) })).not.toHaveProperty('transferSet');
    expect(recommend({ loss: staged(1, 0.5) })).toHaveProperty('transferSet');
    expect(recommend({ student: { minGram: 3 } }).student).toMatchObject({ tokens: 'characters', minGram: 3 });
    expect(recommend({ compression: { steps: [] } })).not.toHaveProperty('compression');
    expect(recommend({ training: { epochs: 3 } }).training.epochs).toBe(3);
    expect(recommend({ loss: { temperature: 5 } }).loss.temperature).toBe(5);
    expect(() => recommend([])).toThrow(expect.objectContaining({ code: 'RT_INVALID_SPEC' }));
  });

  it('gives each student that is to be chosen what it would have alone, started from a BERT where the teacher is one', () => {
    const known = { tokenizer: 'WordPiece', shape: shapeOf(20_000), bert: { layers: 6, width: 384, heads: 12 } };
    const choose = (more: object = {}, teacher: object = {}) =>
      recommendedSpec({ student: 'auto', ...more }, { ...known, ...teacher });
    const { auto, loss } = choose();
    expect(loss.temperature).toBe(2);
    const alone = (student: object) => {
      const spec = recommendedSpec({ student }, known);
      return { student: spec.student, training: spec.training };
    };
    expect(auto?.tokens).toBe('teacher');
    expect(auto?.candidates).toContainEqual(alone({}));
    expect(auto?.candidates).toContainEqual(alone({ family: 'encoder' }));
    const layersOf = (spec: DistillationSpec) =>
      spec.auto?.candidates.map(({ student }) => (student.family === 'encoder' ? student.initFrom?.layers : undefined));
    expect(layersOf(choose())?.slice(4)).toEqual([[0], [0, 5], [0, 5], [0, 2, 3, 5]]);
    for (const teacher of [{ tokenizer: 'BPE' }, { bert: null }]) {
      expect(layersOf(choose({}, teacher))).toEqual(Array.from({ length: 8 }));
    }
    expect(choose({}, { tokenizer: 'BPE' }).auto).toMatchObject({ tokens: 'characters' });
  });

  it('keeps what was said of students that are to be chosen', () => {
    const said = { training: { epochs: 3 }, student: { family: 'auto', tokens: 'characters', budget: { bytes: 1e6 } } };
    const { auto } = recommend(said);
    expect(auto?.budget).toEqual({ bytes: 1e6 });
    expect(new Set(auto?.candidates.map(({ training }) => training.epochs))).toEqual(new Set([3]));
    expect(auto?.candidates[0].student).toMatchObject({ tokens: 'characters' });
    const candidates = [{ student: { width: 32 }, training: { batchSize: 16 } }];
    expect(recommend({ student: 'auto', auto: { candidates } }).auto?.candidates).toMatchObject([
      { student: { width: 32, tokens: 'teacher' }, training: { batchSize: 16, learningRate: 0.005 } },
    ]);
    const wrong = [{ student: { family: 'encoder', heads: 7 } }];
    expect(() => recommend({ student: 'auto', auto: { candidates: wrong } })).toThrow(
      /\/auto\/candidates\/0\/student\/heads/,
    );
  });
});
