import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AUGMENTATION_NAMES, type RetortError, type Row, type TransferSetSpec } from '@retort/contracts';
import { openTeacher } from '@retort/teachers';
import { normalizeText, textProblem } from '@retort/text';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wordpiece } from '../../../../test/support/tokenizers.ts';
import { TOY_LABELS, toyRows, writeToyTeacher } from '../../../../test/support/toy-teacher.ts';
import { shapeOf } from '../dataset/dataset-shape.js';
import { MemorySoftLabelCache } from '../dataset/soft-labels.js';
import { partition } from '../dataset/split-rows.js';
import { resolveSpec, storedSpec } from '../spec/resolve-spec.js';
import { estimateTeacherQueries, generateTransferSet, selectTransferRows } from './index.js';
import { labelRows } from './label-rows.js';
import { transferSetMisfits } from './problems.js';
import { firstRounds } from './select.js';

const specOf = (section: object): TransferSetSpec =>
  resolveSpec({ transferSet: section }).transferSet as TransferSetSpec;
const problemsOf = (spec: object) => {
  try {
    resolveSpec(spec);
  } catch (error) {
    return (error as RetortError).problems;
  }
  return [];
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-transfer-'));
  await writeToyTeacher(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Rows of few words each, so that equal texts are made often. */
const someRows: fc.Arbitrary<Row[]> = fc.array(
  fc.record(
    {
      text: fc
        .array(fc.constantFrom('wake', 'me', 'up', 'at', 'Seven', 'noon!', '朝', '👩‍👩‍👧'), {
          minLength: 1,
          maxLength: 5,
        })
        .map((words) => words.join(' ')),
      label: fc.constantFrom('a', 'b'),
      split: fc.constantFrom('train', 'train', 'train', 'valid', 'test'),
    },
    { requiredKeys: ['text', 'split'] },
  ),
  { maxLength: 12 },
);
const freeStrategies = AUGMENTATION_NAMES.filter((name) => name !== 'neighbour-replacement' && name !== 'back-off');
const someSpec = fc
  .record({
    multiply: fc.integer({ min: 0, max: 6 }),
    strategies: fc.subarray(freeStrategies, { minLength: 1 }),
    strength: fc.double({ min: 0.05, max: 1, noNaN: true }),
    maxTexts: fc.integer({ min: 1, max: 20 }),
    includeUnlabelled: fc.boolean(),
  })
  .map(specOf);

describe('a generated transfer set', () => {
  it('is decided by rows, spec and seed, has no text twice nor one of the data, and stays within its bound', async () => {
    await fc.assert(
      fc.asyncProperty(someRows, someSpec, fc.integer({ min: 0, max: 1000 }), async (rows, spec, seed) => {
        const made = await generateTransferSet({ rows, spec, seed });
        expect(await generateTransferSet({ rows, spec, seed })).toEqual(made);
        const normalized = made.rows.map(({ text }) => normalizeText(text));
        expect(new Set(normalized).size).toBe(normalized.length);
        const given = new Set(rows.map(({ text }) => normalizeText(text)));
        for (const text of normalized) expect(given.has(text)).toBe(false);
        for (const { text, split, label } of made.rows) {
          expect(textProblem(text)).toBeUndefined();
          expect(split).toBe('train');
          if (!spec.includeUnlabelled) expect(label).toBeDefined();
        }
        const { upperBound } = estimateTeacherQueries(shapeOf(rows), spec);
        expect(rows.length + made.rows.length).toBeLessThanOrEqual(upperBound);
        const { counts } = made;
        expect(counts.generated - counts.duplicates).toBe(made.rows.length);
        expect(counts.sources).toBeLessThanOrEqual(partition(rows).train.length);
      }),
      { numRuns: 60 },
    );
  });

  it('differs by its seed, and is cut by maxTexts without preference', async () => {
    const rows = toyRows(200);
    const spec = specOf({ multiply: 3, strategies: ['typo'] });
    const [one, other] = await Promise.all([1, 2].map((seed) => generateTransferSet({ rows, spec, seed })));
    expect(one.rows).not.toEqual(other.rows);
    const few = await generateTransferSet({ rows, spec: { ...spec, maxTexts: 30 }, seed: 1 });
    expect(few.rows).toEqual(one.rows.slice(0, 30));
    // Of the 140 training rows 30 are drawn: not the first ones, and of each label.
    expect(new Set(few.rows.map(({ label }) => label))).toEqual(new Set(TOY_LABELS));
  });

  it('makes nothing of texts that are set aside for validation', async () => {
    const rows = toyRows(200).map((row): Row => (row.split === 'valid' ? { ...row, split: 'train' } : row));
    const { train } = partition(rows);
    const spec = specOf({ multiply: 1, strategies: ['swap'] });
    const { counts } = await generateTransferSet({ rows, spec, seed: 1 });
    expect(counts.sources).toBe(train.length);
    const { estimated, upperBound } = estimateTeacherQueries(shapeOf(rows), spec);
    expect(upperBound).toBe(rows.length + 170);
    expect(estimated).toBe(rows.length + 170 - 17);
  });

  it('stops when it is cancelled', async () => {
    const signal = AbortSignal.abort();
    const work = generateTransferSet({ rows: toyRows(50), spec: specOf({}), seed: 1, signal });
    await expect(work).rejects.toMatchObject({ code: 'RT_CANCELLED' });
  });

  it('takes neighbours from the embedding table of the teacher, and says where there is none', async () => {
    const rows = toyRows(60);
    const spec = specOf({ multiply: 1, strategies: ['neighbour-replacement'] });
    await expect(generateTransferSet({ rows, spec, seed: 1 })).rejects.toMatchObject({ code: 'RT_INVALID_SPEC' });
    await expect(generateTransferSet({ rows, spec, seed: 1, teacherDir: folder })).rejects.toMatchObject({
      code: 'RT_INVALID_TEACHER',
      message: expect.stringMatching(/WordLevel.*WordPiece and Unigram/),
    });
    const pieces = join(folder, 'wordpiece');
    await writeToyTeacher(pieces, {
      tokens: { tokenizer: wordpiece({ lowercase: true }), config: { model_max_length: 48 } },
    });
    const made = await generateTransferSet({ rows, spec, seed: 1, teacherDir: pieces });
    expect(made.rows.length).toBeGreaterThan(30);
  });
});

describe('what is kept of it', () => {
  it('is what the teacher is sure of; labels only where it agrees', () => {
    const row = (text: string, label?: string): Row => ({ text, label, split: 'train' });
    const rows = [row('given', 'a'), row('sure', 'a'), row('unsure', 'a'), row('other', 'a'), row('bare')];
    // softmax(ln 3, 0) = (0.75, 0.25).
    const teacherLogits = Float32Array.from([0, 0, Math.log(3), 0, 0.1, 0, 0, 5, 5, 0]);
    const select = (keepLabels: boolean) =>
      selectTransferRows({
        ...{ rows, generated: 4, teacherLogits: teacherLogits.slice(), labels: ['a', 'b'] },
        spec: { minConfidence: 0.74, keepLabels },
      });
    const { rows: kept, teacherLogits: logits, generated, filtered } = select(true);
    expect(kept).toEqual([rows[0], rows[1], { text: 'other', split: 'train' }, { text: 'bare', split: 'train' }]);
    expect([...logits]).toEqual([0, 0, Math.fround(Math.log(3)), 0, 0, 5, 5, 0]);
    expect({ generated, filtered }).toEqual({ generated: 3, filtered: 1 });
    expect(select(false).rows.map(({ label }) => label)).toEqual(['a', undefined, undefined, undefined]);
  });

  it('trains only, though it has labels and no row validates', () => {
    const rows = toyRows(300).map((row): Row => ({ ...row, split: 'train' }));
    const { valid, train } = partition(rows, { generated: 200 });
    expect(valid.length).toBeGreaterThan(0);
    for (const row of valid) expect(row).toBeLessThan(100);
    expect(train.length + valid.length).toBe(300);
  });
});

describe('the rounds of a transfer set', () => {
  it('are taken in order, after all rows of the data, as many as a trial asks for', () => {
    const rows = Array.from({ length: 13 }, (_, i): Row => ({ text: `${i}`, split: 'train' }));
    const taken = (multiply: number, rounds = [4, 7, 9]) => {
      const { rows: kept, generated } = firstRounds({ rows, generated: 9 }, multiply, rounds);
      expect(kept).toEqual(rows.slice(0, 4 + generated));
      return generated;
    };
    expect([0, 1, 2, 3, 5].map((multiply) => taken(multiply))).toEqual([0, 4, 7, 9, 9]);
    expect(taken(2, [])).toBe(9);
  });

  it('hold just the texts that a smaller multiply would have made', async () => {
    await fc.assert(
      fc.asyncProperty(someRows, someSpec, fc.nat(6), async (rows, spec, multiply) => {
        const { rows: made, rounds } = await generateTransferSet({ rows, spec, seed: 1 });
        const { rows: first } = firstRounds({ rows: made, generated: made.length }, multiply, rounds);
        const alone = { ...spec, multiply: Math.min(multiply, spec.multiply) };
        expect(first).toEqual((await generateTransferSet({ rows, spec: alone, seed: 1 })).rows);
      }),
      { numRuns: 60 },
    );
  });
});

describe('labelRows', () => {
  it('asks the teacher each text once, mixes spans by its answers, and counts it all', async () => {
    const rows = toyRows(80).map((row): Row => (row.split === 'train' ? { text: row.text, split: 'train' } : row));
    const teacher = await openTeacher(folder, { placement: 'inline' });
    try {
      const cache = new MemorySoftLabelCache();
      const spec = specOf({ multiply: 4, strategies: ['span-mixing', 'swap'], minConfidence: 0.9, seed: 5 });
      const options = { rows, spec, seed: 1, teachers: [teacher], teacherDir: folder, cache };
      const labelled = await labelRows(options);
      const { transferSet, teacherQueries, generated } = labelled;
      expect(transferSet).toMatchObject({ unlabelled: 56, sources: 56 });
      expect(generated).toBe((transferSet?.generated ?? 0) - (transferSet?.duplicates ?? 0));
      expect(generated).toBeGreaterThan(0);
      const made = 80 + generated;
      expect(teacherQueries).toEqual({ upperBound: 80 + 224, estimated: 80 + 224, made, cached: 0 });
      expect(labelled.rows).toHaveLength(made);
      expect(labelled.answers).toEqual([expect.any(Float32Array)]);
      expect(labelled.answers[0]).toHaveLength(made * TOY_LABELS.length);

      const again = await labelRows(options);
      expect(again.teacherQueries).toMatchObject({ made: 0, cached: made });
      expect({ ...again, teacherQueries }).toEqual(labelled);
      const other = await labelRows({ ...options, spec: { ...spec, seed: undefined } });
      expect(other.rows).not.toEqual(labelled.rows);

      // Two teachers are asked twice as often, about the same texts.
      const both = await labelRows({ ...options, teachers: [teacher, teacher] });
      expect(both.rows).toEqual(labelled.rows);
      expect(both.teacherQueries).toEqual({ upperBound: 608, estimated: 608, made: 0, cached: 2 * made });
    } finally {
      await teacher.close();
    }
  });
});

describe('transferSet in a spec', () => {
  it('is absent where it was, and has defaults where it is not', () => {
    expect(resolveSpec()).not.toHaveProperty('transferSet');
    expect(storedSpec({ training: { epochs: 2 } })).not.toHaveProperty('transferSet');
    const { transferSet } = resolveSpec({ transferSet: { multiply: 2 } });
    expect(transferSet).toMatchObject({ multiply: 2, strength: 0.15, includeUnlabelled: true });
    expect(transferSet).not.toHaveProperty('seed');
    expect(specOf({ strategies: ['swap', 'typo'] }).strategies).toEqual({ swap: 1, typo: 1 });
    expect(specOf({ strategies: { swap: 3 } }).strategies).toEqual({ swap: 3 });
  });

  it.each([
    [{ multiply: 0, strategies: [] }, '/transferSet/strategies', 'must give one of token-dropout, swap'],
    [{ strategies: { typo: 0 } }, '/transferSet/strategies', 'a share above 0'],
    [{ strategies: ['typo', 'oak'] }, '/transferSet/strategies/oak', 'is no strategy; there are token-dropout, swap'],
    [{ strategies: { oak: 1 } }, '/transferSet/strategies/oak', 'is no strategy'],
    [{ strategies: { typo: -1 } }, '/transferSet/strategies/typo', '>= 0'],
    [{ multiply: 101 }, '/transferSet/multiply', '<= 100'],
    [{ maxTexts: 1e7 }, '/transferSet/maxTexts', '<= 1000000'],
    [{ minConfidence: 1 }, '/transferSet/minConfidence', '< 1'],
    [{ strenght: 1 }, '/transferSet/strenght', 'is not a field of the spec'],
  ])('is refused as %o', (transferSet, path, message) => {
    const problem = problemsOf({ transferSet }).find((found) => found.path === path);
    expect(problem?.message).toContain(message);
  });

  it('is refused where nothing would be learned from it', () => {
    const spec = { loss: { lambda: 1 }, transferSet: { multiply: 2 } };
    expect(problemsOf(spec)).toMatchObject([{ path: '/transferSet/keepLabels' }]);
    expect(problemsOf({ ...spec, transferSet: { multiply: 2, keepLabels: true } })).toEqual([]);
  });

  it('is judged by the whole schedule of the loss', () => {
    const staged = (lambda: number, at: number) => ({ lambda, schedule: { stages: [{ until: 1, lambda: at }] } });
    expect(problemsOf({ loss: staged(1, 0.5), transferSet: { multiply: 2 } })).toEqual([]);
    expect(problemsOf({ loss: staged(0.1, 1), transferSet: { multiply: 2 } })).toMatchObject([
      { path: '/transferSet/keepLabels' },
    ]);
  });

  it('is refused for a teacher without words, and where the soft labels would not fit', () => {
    const labelled = { train: 10, valid: 0, test: 10 };
    const shape = { rows: { ...labelled, train: 1_000_000 }, labels: { a: labelled } };
    const misfits = (section: object, tokenizer: string, labels = 150, wordVectors?: boolean) =>
      transferSetMisfits(specOf(section), { shape, labels, tokenizer, wordVectors });
    const spec = { multiply: 1, strategies: ['back-off', 'swap'] };
    expect(misfits(spec, 'WordLevel')).toMatchObject([{ path: '/spec/transferSet/strategies' }]);
    expect(misfits(spec, 'WordPiece')).toEqual([]);
    expect(misfits(spec, 'WordPiece', 150, true)).toEqual([]);
    expect(misfits(spec, 'WordPiece', 150, false)).toMatchObject([
      { path: '/spec/transferSet/strategies', message: expect.stringContaining('float32 table') },
    ]);
    expect(misfits({ ...spec, maxTexts: 1_000_000 }, 'Unigram', 500)).toMatchObject([
      { path: '/spec/transferSet/maxTexts', message: expect.stringContaining('at most 73731') },
    ]);
    expect(transferSetMisfits(undefined, { shape, labels: 150, tokenizer: 'WordLevel' })).toEqual([]);
  });
});
