import { RetortError } from '@retort/contracts';
import { describe, expect, it } from 'vitest';
import { inScope, shapeOf } from '../dataset/dataset-shape.js';
import { resolveSpec, storedSpec } from '../spec/resolve-spec.js';
import { compressionDataProblems } from './compression-problems.js';

function problemsOf(input: unknown) {
  try {
    resolveSpec(input);
  } catch (error) {
    expect(error).toBeInstanceOf(RetortError);
    return (error as RetortError).problems.map(({ path, message }) => `${path} ${message}`);
  }
  return [];
}

const encoder = { family: 'encoder', width: 64, heads: 2 };

describe('the section compression', () => {
  it('is absent unless it is asked for', () => {
    expect(resolveSpec()).not.toHaveProperty('compression');
    expect(storedSpec({})).not.toHaveProperty('compression');
  });

  it('is int8 of weights and tables where nothing more is said', () => {
    expect(resolveSpec({ compression: {} }).compression).toEqual({
      steps: [{ kind: 'quantize', weights: true, tables: true }],
      fineTuneEpochs: 3,
      fineTuneRate: 0.1,
      allowance: { accuracy: 0.005 },
    });
    expect(resolveSpec({ compression: { allowance: { agreement: 0.98 } } }).compression?.allowance).toEqual({
      accuracy: 0.005,
      agreement: 0.98,
    });
  });

  it('fills each step by its kind, and reads again what it has filled', () => {
    const steps = [{ kind: 'prune-heads' }, { kind: 'prune-vocabulary' }, { kind: 'prune-magnitude', share: 0.3 }];
    const spec = resolveSpec({ student: encoder, compression: { steps } });
    expect(spec.compression?.steps).toEqual([
      { kind: 'prune-heads', share: 0.25, importance: 'taylor' },
      { kind: 'prune-vocabulary', minCount: 2 },
      { kind: 'prune-magnitude', share: 0.3, scope: 'tensor' },
    ]);
    expect(resolveSpec(spec)).toEqual(spec);
    expect(storedSpec(spec)).toEqual(spec);
  });

  it.each([
    [{}, [{ kind: 'quantize' }, { kind: 'prune-hidden' }], '/compression/steps/0 quantize must be the last step'],
    [{}, [{ kind: 'prune-heads' }], '/compression/steps/0 prune-heads is for encoder students'],
    [{}, [{ kind: 'prune-vocabulary' }], '/compression/steps/0 prune-vocabulary is for encoder students'],
    [
      { ...encoder, unseenTokens: 9 },
      [{ kind: 'prune-vocabulary' }],
      '/compression/steps/0 prune-vocabulary takes away what student.unseenTokens gives',
    ],
    [{ hidden: 0 }, [{ kind: 'prune-hidden' }], '/compression/steps/0 the student has no hidden layer'],
    [{ ...encoder, heads: 1 }, [{ kind: 'prune-heads' }], '/compression/steps/0 every layer keeps at least one head'],
    [{}, [{ kind: 'quantize', share: 0.5 }], '/compression/steps/0/share is not a field of quantize'],
    [
      {},
      [{ kind: 'quantize', weights: false, tables: false }],
      '/compression/steps/0 weights and tables are both false',
    ],
    [{}, [{ kind: 'prune-magnitude', importance: 'norm' }], '/compression/steps/0/importance is not a field'],
    [{}, [{ kind: 'prune-hidden', share: 1 }], '/compression/steps/0/share must be < 1'],
    [{}, [{ kind: 'melt' }], '/compression/steps/0/kind must be'],
    [{}, [{ kind: 'quantize', bits: 4 }], '/compression/steps/0/bits is not a field of the spec'],
    [{}, 'int8', '/compression/steps must be array'],
  ])('refuses for %o the steps %o', (student, steps, expected) => {
    const problems = problemsOf({ student, compression: { steps } });
    expect(
      problems.some((problem) => problem.startsWith(expected)),
      problems.join('\n'),
    ).toBe(true);
  });

  it('is none without steps', () => {
    expect(resolveSpec({ compression: { steps: [] } })).toEqual(resolveSpec({}));
  });

  it('needs rows to validate on', () => {
    const { compression } = resolveSpec({ compression: {} });
    const row = (split: 'train' | 'valid', label?: string) =>
      inScope(shapeOf([{ text: 'a', split, ...(label ? { label } : {}) }]), undefined);
    expect(compressionDataProblems(row('train'), compression)).toHaveLength(1);
    expect(compressionDataProblems(row('train'), undefined)).toEqual([]);
    expect(compressionDataProblems(row('train', 'x'), compression)).toEqual([]);
    expect(compressionDataProblems(row('valid'), compression)).toEqual([]);
  });
});
