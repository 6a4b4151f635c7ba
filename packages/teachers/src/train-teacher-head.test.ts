import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Progress, Row, Split } from '@retort/contracts';
import { readRows } from '@retort/text';
import { afterAll, describe, expect, it } from 'vitest';
import { sharedPath } from '../../../test/support/shared.js';
import { tinyEncoder, writeFolder } from '../../../test/support/tiny-models.js';
import { answerDigest, inspectModelFolder, listModelFiles, openTeacher, trainTeacherHead } from './index.js';

const root = mkdtempSync(join(tmpdir(), 'retort-heads-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const fresh = () => join(root, `${folders++}`);

/** Texts of made-up words, labelled by the letters that they are made of. */
function rowsOf(count: number, splits: Split[] = ['train', 'train', 'train', 'valid', 'test']): Row[] {
  const alphabets = { vowels: 'aeiou', early: 'bcdfg', late: 'vwxyz' };
  const names = Object.keys(alphabets) as (keyof typeof alphabets)[];
  return Array.from({ length: count }, (_, i) => {
    const label = names[i % 3];
    const text = Array.from({ length: 6 + (i % 7) }, (_, k) => alphabets[label][(i * 31 + k * k * 7) % 5]).join('');
    return { text: `${text} ${i % 13}`, label, split: splits[Math.floor(i / 3) % splits.length] };
  });
}

describe('trainTeacherHead', () => {
  const encoderDir = writeFolder(fresh(), tinyEncoder(), { 'config.json': { hidden_size: 8, model_type: 'tiny' } });
  const head = { hidden: 16, epochs: 15, learningRate: 0.01 };

  it('makes a classifier folder that has learned the rows, the same for the same seed', async () => {
    const rows: Row[] = [...rowsOf(240), { text: 'unlabelled', split: 'train' }];
    const progress: Progress[] = [];
    const outDir = fresh();
    const { manifest, metrics } = await trainTeacherHead({
      encoderDir,
      outDir,
      rows,
      seed: 1,
      head,
      onProgress: (p) => progress.push(p),
    });
    expect(manifest).toMatchObject({
      kind: 'onnx-classifier',
      labels: ['early', 'late', 'vowels'],
      modelFile: 'onnx/model.onnx',
    });
    expect(manifest).toEqual(await inspectModelFolder(outDir));
    expect(metrics).toMatchObject({
      rows: { train: 144, valid: 48, test: 48 },
      labels: 3,
      embeddingWidth: 8,
      hidden: 16,
      epochs: 15,
    });
    expect(metrics.accuracy).toBeGreaterThan(0.9);
    expect(JSON.parse(readFileSync(join(outDir, 'config.json'), 'utf8'))).toMatchObject({
      hidden_size: 8,
      model_type: 'bert',
      encoder_model_type: 'tiny',
      label2id: { early: 0, late: 1, vowels: 2 },
    });
    expect(progress.filter(({ stage }) => stage === 'embedding').at(-1)).toMatchObject({ done: 240, total: 240 });
    const last = progress.at(-1)!;
    expect(last).toMatchObject({ stage: 'fitting', done: last.total, note: expect.stringMatching(/^loss/) });

    const teacher = await openTeacher(outDir);
    const test = rows.filter(({ split, label }) => split === 'test' && label !== undefined);
    const logits = await teacher.logits(test.map(({ text }) => text));
    await teacher.close();
    const right = test.filter(({ label }, i) => {
      const row = [...logits.subarray(i * 3, i * 3 + 3)];
      return teacher.labels[row.indexOf(Math.max(...row))] === label;
    });
    expect(right.length / test.length).toBeCloseTo(metrics.accuracy!, 6);

    const again = fresh();
    await trainTeacherHead({ encoderDir, outDir: again, rows, seed: 1, head });
    expect(answerDigest(await listModelFiles(again))).toBe(teacher.digest);
  });

  it('does without validation and test rows', async () => {
    const { metrics } = await trainTeacherHead({
      encoderDir,
      outDir: fresh(),
      rows: rowsOf(60, ['train']),
      seed: 1,
      head: { ...head, epochs: 3 },
    });
    expect(metrics).toMatchObject({ rows: { train: 60, valid: 0, test: 0 }, bestEpoch: 3 });
    expect(metrics.accuracy).toBeUndefined();
  });

  it('keeps the order of the labels that are asked for', async () => {
    const labels = ['vowels', 'early', 'late'];
    const { manifest } = await trainTeacherHead({
      encoderDir,
      outDir: fresh(),
      rows: rowsOf(60),
      labels,
      seed: 1,
      head: { ...head, epochs: 1 },
    });
    expect(manifest.labels).toEqual(labels);
  });

  it.each<[string, Row[], string[] | undefined]>([
    ['have 0 label(s)', [{ text: 'a', split: 'train' }], undefined],
    ['have 1 label(s)', [{ text: 'a', label: 'x', split: 'train' }], undefined],
    [
      'The label "late" has no row in the split "train"',
      rowsOf(60).filter((r) => r.split !== 'train' || r.label !== 'late'),
      undefined,
    ],
    ['The label "other" has no row', rowsOf(60), ['vowels', 'early', 'late', 'other']],
    ['The label "late" is not one of the 2', rowsOf(60), ['vowels', 'early']],
  ])('refuses rows that it cannot learn from: %s', async (message, rows, labels) => {
    const training = trainTeacherHead({ encoderDir, outDir: fresh(), rows, labels, seed: 1 });
    await expect(training).rejects.toMatchObject({
      code: 'RT_INVALID_DATASET',
      message: expect.stringContaining(message),
    });
  });

  it.each(['embedding', 'fitting'])('stops when cancelled while %s', async (stage) => {
    const controller = new AbortController();
    const training = trainTeacherHead({
      encoderDir,
      outDir: fresh(),
      rows: rowsOf(3000),
      seed: 1,
      head: { ...head, epochs: 1000 },
      signal: controller.signal,
      onProgress: (progress) => progress.stage === stage && controller.abort(),
    });
    await expect(training).rejects.toMatchObject({ code: 'RT_CANCELLED' });
  });

  const minilm = sharedPath('models/minilm-l6');
  const banking = sharedPath('data/banking77/data.jsonl');
  it.skipIf(minilm === undefined || banking === undefined)(
    'makes a good teacher of MiniLM for six intents of banking77 (needs ../shared)',
    async () => {
      const dir = writeFolder(fresh(), tinyEncoder());
      await pipeline(
        createReadStream(`${minilm}/model.onnx.gz`),
        createGunzip(),
        createWriteStream(join(dir, 'onnx/model.onnx')),
      );
      for (const file of ['tokenizer.json', 'tokenizer_config.json'])
        await copyFile(join(minilm!, file), join(dir, file));
      const intents = [
        'card_arrival',
        'card_linking',
        'exchange_rate',
        'lost_or_stolen_card',
        'pin_blocked',
        'top_up_failed',
      ];
      const rows: Row[] = [];
      const taken = new Map<string, number>();
      for await (const read of readRows(createReadStream(banking!), { format: 'jsonl' })) {
        if (!('row' in read) || !intents.includes(read.row.label ?? '')) continue;
        const key = `${read.row.label} ${read.row.split}`;
        taken.set(key, (taken.get(key) ?? 0) + 1);
        if (taken.get(key)! <= 20) rows.push(read.row);
      }
      expect(rows).toHaveLength(240);
      const { manifest, metrics } = await trainTeacherHead({ encoderDir: dir, outDir: fresh(), rows, seed: 1 });
      expect(manifest.tokenizer).toEqual({ type: 'WordPiece', vocabulary: 30522, maxLength: 512 });
      expect(metrics.accuracy).toBeGreaterThan(0.95);
    },
  );
});
