import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Row, SPLITS } from '@retort/contracts';
import { inputHash, recommendedSpec, resolveSpec } from '@retort/distill';
import { normalizeText } from '@retort/text';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseArguments } from '../arguments.ts';
import { appendLine, type Cell, configuredOf, nameOfCell, readCells } from './cells.ts';
import { CONFIGURATIONS, findConfiguration } from './configurations.ts';
import { DATA_SETS, type DataName, withoutDuplicates, withUnlabelled } from './data-sets.ts';
import { fewLabels } from './low-data.ts';
import { allCells, missingCells } from './plan.ts';
import { runSchedule } from './schedule.ts';
import { SoftLabelFiles } from './soft-label-files.ts';
import { cellsOf, summarize, summarizeGain } from './summary.ts';
import { teacherName } from './teachers.ts';

const cell = (data: DataName, config: string, seed: number, accuracy = 0.5): Cell => ({
  ...{ data, config, seed, seconds: 1, commit: 'abc' },
  figures: { accuracy, macroF1: accuracy, calibrationError: 0.1, bytes: 10 },
  configuration: configuredOf(findConfiguration(config)),
});
const ALL = { data: [], configs: [], seeds: [] };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'retort-bench-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the configurations', () => {
  it('have names of their own, and specs that are legal', () => {
    expect(new Set(CONFIGURATIONS.map(({ name }) => name)).size).toBe(CONFIGURATIONS.length);
    for (const { spec } of CONFIGURATIONS) if (spec !== undefined) resolveSpec(spec);
  });

  it('say of everything no more than the family, without the unseen words that have rows of their own', () => {
    expect(findConfiguration('static/everything').spec).toEqual({ student: { family: 'static', unseenTokens: 0 } });
    const shape = { rows: { train: 9000, valid: 9, test: 9 }, labels: { a: { train: 9000, valid: 9, test: 9 } } };
    const teacher = { tokenizer: 'WordPiece', bert: { layers: 6, width: 384, heads: 12 }, shape };
    for (const family of ['static', 'encoder']) {
      const { spec } = findConfiguration(`${family}/unseen-words`);
      expect(recommendedSpec(spec, teacher)).toEqual(recommendedSpec({ student: { family } }, teacher));
    }
    const spec = resolveSpec(findConfiguration('static/kd+label-smoothing').spec);
    expect(spec.loss).toMatchObject({ lambda: 0.1, temperature: 2, labelSmoothing: 0.1 });
    expect(spec.transferSet?.multiply).toBe(0);
  });
});

describe('the plan', () => {
  const cells = allCells(CONFIGURATIONS);

  it('has every cell once, seed 1 of the main table before all that is less telling', () => {
    expect(new Set(cells.map(nameOfCell)).size).toBe(cells.length);
    const at = (data: string, config: string, seed: number) =>
      cells.findIndex((key) => key.data === data && key.config === config && key.seed === seed);
    const order = [
      at('clinc150', 'teacher', 1),
      at('metatool', 'static/hard-labels', 1),
      at('clinc150', 'static/kd+average', 1),
      at('clinc150', 'labels-5/teacher', 1),
      at('clinc150', 'static/hard-labels', 2),
      at('banking77', 'static/kd+average', 3),
    ];
    expect(order).not.toContain(-1);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    // A teacher for all labels has one seed.
    expect(at('clinc150', 'teacher', 2)).toBe(-1);
  });

  it('leaves out what is finished, but for cells of a configuration that was another one', () => {
    const finished = [
      cell('snips', 'static/plain-kd', 1),
      { ...cell('snips', 'static/plain-kd', 2), configuration: { teacher: 'fine-tuned' as const, spec: {} } },
    ];
    const filter = { data: ['snips'], configs: ['static/plain-kd'], seeds: [] };
    expect(missingCells(CONFIGURATIONS, finished, filter).map(({ seed }) => seed)).toEqual([2, 3]);
    expect(missingCells(CONFIGURATIONS, finished, ALL)).toHaveLength(cells.length - 1);
  });

  it('gives the students of a data set one teacher, and those of few labels one for each seed', () => {
    const name = (config: string, seed: number) =>
      teacherName({ data: 'clinc150', config, seed }, findConfiguration(config));
    expect(name('static/plain-kd', 1)).toBe('clinc150');
    expect(name('encoder/everything', 3)).toBe('clinc150');
    expect(name('labels-5/static/distilled', 2)).toBe(name('labels-5/teacher', 2));
    expect(name('labels-5/teacher', 2)).not.toBe(name('labels-5/teacher', 3));
  });
});

describe('the results file', () => {
  it('is read as it was written, the later of two lines for a cell, and goes on after a line without its end', () => {
    const path = join(folder, 'new/cells.jsonl');
    expect(readCells(path)).toEqual([]);
    const [first, again, other] = [
      cell('snips', 'teacher', 1),
      cell('snips', 'teacher', 1, 0.7),
      cell('clinc150', 'teacher', 1),
    ];
    for (const value of [first, again]) appendLine(path, value);
    expect(readCells(path)).toEqual([again]);
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"data":"cli`);
    expect(readCells(path)).toEqual([again]);
    appendLine(path, other);
    expect(readCells(path)).toEqual([again, other]);
  });

  it('refuses a line in the middle that is none', () => {
    const path = join(folder, 'broken.jsonl');
    writeFileSync(path, `${JSON.stringify(cell('snips', 'teacher', 1))}\n<<<<<<< HEAD\n`);
    expect(() => readCells(path)).toThrow(/line 2 .*<<<<<<< HEAD/);
  });
});

describe('the summary', () => {
  it('is mean and sample deviation, of a gain seed by seed', () => {
    const cells = [
      ...[0.9, 0.92, 0.94].map((accuracy, i) => cell('snips', 'static/everything', i + 1, accuracy)),
      ...[0.8, 0.9].map((accuracy, i) => cell('snips', 'static/plain-kd', i + 1, accuracy)),
    ];
    const [ours, plain] = ['static/everything', 'static/plain-kd'].map((name) => cellsOf(cells, 'snips', name));
    const accuracy = summarize(ours, (figures) => figures.accuracy);
    expect(accuracy).toMatchObject({ seeds: 3, mean: expect.closeTo(0.92, 12), deviation: expect.closeTo(0.02, 12) });
    // Of the third seed there is no plain student.
    const gain = summarizeGain(ours, plain, (figures) => figures.accuracy);
    expect(gain).toMatchObject({ seeds: 2, mean: expect.closeTo((0.1 + 0.02) / 2, 12) });
    expect(summarize(plain.slice(1), (figures) => figures.accuracy)).toEqual({
      seeds: 1,
      mean: 0.9,
      deviation: undefined,
    });
    expect(summarize(ours, ({ agreement }) => agreement)).toBeUndefined();
  });
});

const row = fc.record(
  { text: fc.constantFrom(...'abcdefgh'), label: fc.constantFrom('x', 'y'), split: fc.constantFrom(...SPLITS) },
  { requiredKeys: ['text', 'split'] },
) as fc.Arbitrary<Row>;

describe('the data', () => {
  it('has no text in a split that measures which was learned, and loses nothing else', () => {
    fc.assert(
      fc.property(fc.array(row), (all) => {
        const { rows, removed } = withoutDuplicates(all);
        const texts = (split: string) => new Set(rows.filter((one) => one.split === split).map(({ text }) => text));
        const [train, valid, test] = SPLITS.map(texts);
        expect([...train].filter((text) => valid.has(text) || test.has(text))).toEqual([]);
        expect([...valid].filter((text) => test.has(text))).toEqual([]);
        expect(rows.length + removed.train + removed.valid).toBe(all.length);
        expect(test).toEqual(new Set(all.filter(({ split }) => split === 'test').map(({ text }) => text)));
      }),
    );
  });

  it('keeps a few labels of each class, the same for a seed, and the other text without', () => {
    const rows: Row[] = Array.from({ length: 90 }, (_, i) => ({
      text: `text ${i}`,
      label: `label ${i % 3}`,
      split: SPLITS[Math.floor(i / 30) % 3],
    }));
    const few = fewLabels(rows, { perClass: 4, seed: 1 });
    const labelled = few.filter(({ split, label }) => split === 'train' && label !== undefined);
    expect(labelled.map(({ label }) => label).sort()).toEqual(
      ['label 0', 'label 1', 'label 2'].flatMap((l) => [l, l, l, l]),
    );
    expect(few.filter(({ split }) => split === 'train')).toHaveLength(30);
    expect(few.some(({ split }) => split === 'valid')).toBe(false);
    expect(fewLabels(rows, { perClass: 4, seed: 1 })).toEqual(few);
    expect(fewLabels(rows, { perClass: 4, seed: 2 })).not.toEqual(few);
    const alone = fewLabels(rows, { perClass: 4, seed: 1, labelledOnly: true });
    expect(alone).toEqual(few.filter(({ split, label }) => split === 'test' || label !== undefined));
  });
});

describe('text of other data sets', () => {
  it('is only of their training splits, has no label, and is nothing that is measured or there already', () => {
    fc.assert(
      fc.property(fc.array(row), fc.array(row), (rows, others) => {
        const all = withUnlabelled(rows, others);
        expect(all.slice(0, rows.length)).toEqual(rows);
        const more = all.slice(rows.length);
        expect(more.every(({ split, label }) => split === 'train' && label === undefined)).toBe(true);
        const texts = more.map(({ text }) => normalizeText(text));
        expect(new Set(texts).size).toBe(texts.length);
        const own = new Set(rows.map(({ text }) => normalizeText(text)));
        const wanted = others.filter(({ split }) => split === 'train').map(({ text }) => normalizeText(text));
        expect(new Set(texts)).toEqual(new Set(wanted.filter((text) => !own.has(text))));
      }),
    );
  });
});

describe('the schedule', () => {
  it('runs so many at a time, none beside the one that makes what it needs, whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ needs: fc.constantFrom('a', 'b', 'c'), fails: fc.boolean() }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        async (tasks, jobs) => {
          const made = new Set<string>();
          const running = new Set<(typeof tasks)[number]>();
          const ran: (typeof tasks)[number][] = [];
          const failed = await runSchedule({
            tasks,
            jobs,
            isOver: () => false,
            makes: ({ needs }) => (made.has(needs) ? undefined : needs),
            run: async (task) => {
              if (!made.has(task.needs)) for (const other of running) expect(other.needs).not.toBe(task.needs);
              running.add(task);
              expect(running.size).toBeLessThanOrEqual(jobs);
              ran.push(task);
              await new Promise(setImmediate);
              running.delete(task);
              if (task.fails) throw new Error('broken');
              made.add(task.needs);
            },
          });
          expect(new Set(ran)).toEqual(new Set(tasks));
          expect(new Set(failed.map(({ task }) => task))).toEqual(new Set(tasks.filter(({ fails }) => fails)));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('starts nothing when the time is over', async () => {
    const ran: number[] = [];
    const run = async (task: number) => void ran.push(task);
    await runSchedule({ tasks: [1, 2, 3], jobs: 1, isOver: () => ran.length >= 2, makes: () => undefined, run });
    expect(ran).toEqual([1, 2]);
  });
});

describe('soft labels in files', () => {
  it('are there for other processes, but for one that was cut short', async () => {
    const where = join(folder, 'soft-labels');
    const [teacher, hashes] = ['t'.repeat(64), ['one', 'two'].map(inputHash)];
    const logits = Float32Array.of(1.5, -2, 0.25);
    await new SoftLabelFiles(where).put(teacher, [{ hash: hashes[0], logits }]);
    const other = new SoftLabelFiles(where);
    expect(await other.get(teacher, hashes)).toEqual([logits, undefined]);
    expect(await other.get('u'.repeat(64), hashes)).toEqual([undefined, undefined]);
    writeFileSync(join(where, teacher, '3', 'cut.bin'), Buffer.alloc(40));
    expect(await new SoftLabelFiles(where).get(teacher, hashes)).toEqual([logits, undefined]);
  });
});

describe('the command line', () => {
  it('reads filters and limits', () => {
    const args = ['distill', '--data', 'snips', '--data', 'clinc150', '--seed', '2', '--jobs', '2', '--minutes', '30'];
    expect(parseArguments(args)).toEqual({
      ...{ command: 'distill', data: ['snips', 'clinc150'], configs: [], seeds: [2], limit: undefined },
      ...{ minutes: 30, jobs: 2, threads: 1, list: false },
    });
    expect(() => parseArguments(['distill', '--config', 'best'])).toThrow(/--config must be one of teacher, .*"best"/);
    expect(() => parseArguments(['latency', '--data', 'imdb'])).toThrow(`one of ${DATA_SETS.join(', ')}`);
  });
});
