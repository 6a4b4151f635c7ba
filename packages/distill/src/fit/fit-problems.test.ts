import { describe, expect, it } from 'vitest';
import { type DatasetShape, shapeOf } from '../dataset/dataset-shape.js';
import { resolveSpec } from '../spec/resolve-spec.js';
import { fitProblems } from './fit-problems.js';

const LABELS = ['a', 'b'];
const shape = shapeOf(
  (['train', 'train', 'valid', 'test'] as const).flatMap((split) =>
    LABELS.map((label) => ({ text: `${split} ${label}`, label, split })),
  ),
);
const WORDS = { type: 'WordPiece', vocabulary: 100, maxLength: 64 };
const MINILM = { tokenizer: WORDS, bert: { layers: 6, width: 384, heads: 12 } };
const encoder = { family: 'encoder', width: 160, maxLength: 32 };

describe('a spec that is searched', () => {
  const problemsOf = (spec: object, setting: Partial<Parameters<typeof fitProblems>[1]> = {}) =>
    fitProblems(resolveSpec(spec), { teachers: [LABELS], manifest: MINILM, shape, ...setting });
  const told = (...args: Parameters<typeof problemsOf>) =>
    problemsOf(...args).map(({ path, message }) => `${path} ${message}`);
  /** Of a space of the one value that does not fit and one that does. */
  const swept = (pointer: string, values: (number | string)[], spec: object = {}) => ({
    ...spec,
    sweep: { space: { [pointer]: { values } }, trials: 8 },
  });

  it('is refused for the first point that the data do not fit', () => {
    expect(told(swept('/softLabels/topK', [1, 5]))).toEqual([
      '/spec/sweep/space has the point {"/softLabels/topK":5}, whose /softLabels/topK must be below the number of labels of the teacher (2), got 5',
    ]);
    expect(told(swept('/softLabels/topK', [1]))).toEqual([]);
    const unlabelled: DatasetShape = { ...shape, labels: { a: { train: 0, valid: 1, test: 1 } } };
    const [labelsAlone, ...others] = told(swept('/loss/lambda', [0.5, 1]), { shape: unlabelled });
    expect(labelsAlone).toContain('/spec/sweep/space has the point {"/loss/lambda":1}, whose /loss/lambda is 1');
    expect(others).toEqual([]);
  });

  it('is refused for the first point that the teacher does not fit', () => {
    const features = [{ kind: 'hidden' }];
    expect(told(swept('/student/maxLength', [32, 128], { student: encoder, features }))).toEqual([
      expect.stringMatching(/^\/spec\/sweep\/space has the point {"\/student\/maxLength":128}, whose .* at most 64,/),
    ]);
    const started = { student: { ...encoder, initFrom: { layers: [0, 5] } } };
    const [wide, ...others] = told(swept('/student/width', [64, 512], started));
    expect(wide).toContain('/spec/sweep/space has the point {"/student/width":512}, whose /student/width (512) must');
    expect(others).toEqual([]);
  });

  it('is refused for the first point that does not fit several teachers', () => {
    const teachers = [LABELS, LABELS];
    const ensemble = { weighting: { by: 'fixed' } };
    expect(told(swept('/ensemble/weighting/by', ['fixed', 'agreement'], { ensemble }), { teachers })).toEqual([
      expect.stringMatching(/^\/spec\/sweep\/space .*{"\/ensemble\/weighting\/by":"agreement"}, whose .* at least 3/),
    ]);
  });

  it('is refused for texts that only a candidate asks for', () => {
    const transferSet = { multiply: 0, strategies: ['back-off'] };
    const wordless = { manifest: { tokenizer: { ...WORDS, type: 'BPE' }, bert: null } };
    expect(told({ transferSet }, wordless)).toEqual([]);
    expect(told(swept('/transferSet/multiply', [0, 1], { transferSet }), wordless)).toEqual([
      expect.stringMatching(/^\/spec\/sweep\/space .*{"\/transferSet\/multiply":1}, whose \/transferSet\/strategies/),
    ]);
  });

  it('is told what is wrong with all of its points once, and nothing of what its points have changed', () => {
    const student = { ...encoder, maxLength: 128 };
    const spec = swept('/loss/temperature', [1, 2], { student, features: [{ kind: 'hidden' }] });
    expect(problemsOf(spec).map(({ path }) => path)).toEqual(['/spec/student/maxLength']);
    expect(problemsOf(spec, { manifest: undefined })).toEqual([]);
  });

  it('is refused for every candidate that does not fit, by its place in the list', () => {
    const bytes = { manifest: { tokenizer: { ...WORDS, type: 'BPE' }, bert: null } };
    const pathsOf = (auto: object) => problemsOf({ student: 'auto', auto }, bytes).map(({ path }) => path);
    const reader = { tokens: 'teacher' };
    const started = { family: 'encoder', width: 160, initFrom: { layers: [0, 5] } };
    expect(pathsOf({ candidates: [{ student: {} }, { student: reader }, { student: started }] })).toEqual([
      '/spec/auto/candidates/1/student/tokens',
      '/spec/auto/candidates/2/student/initFrom',
    ]);
    expect(pathsOf({})).toEqual([]);
    expect(told({ student: 'auto', auto: { tokens: 'teacher' } })).toEqual([]);
  });

  it('needs labelled rows to compare its trials by', () => {
    const bare: DatasetShape = {
      rows: { train: 2, valid: 2, test: 2 },
      labels: { a: { train: 2, valid: 0, test: 2 } },
    };
    expect(problemsOf(swept('/loss/temperature', [1, 2]), { shape: bare })).toMatchObject([
      { path: '/dataset', message: expect.stringContaining('which a search compares its trials by') },
    ]);
  });
});
