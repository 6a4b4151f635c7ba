import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findInitializer } from '@retort/onnx';
import { characterTokenizer } from '@retort/text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportedBert } from '../../../../test/support/exported-bert.ts';
import { writeFolder } from '../../../../test/support/tiny-models.ts';
import { wordpiece } from '../../../../test/support/tokenizers.ts';
import { resolveSpec } from '../spec/resolve-spec.js';
import { draftStudent } from './draft-student.js';

const TEXTS = ['hello hello', 'ab.'];
const json = wordpiece({ lowercase: true });
const VOCABULARY = Object.keys(json.model.vocab).length;

describe('an encoder student, drafted', () => {
  let work: string;
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'retort-draft-'));
    const shape = { layers: 3, width: 32, heads: 2, intermediate: 64, vocabulary: VOCABULARY, positions: 40 };
    const bert = exportedBert({ ...shape, style: 'matmul' });
    const config = { model_max_length: 40, pad_token: '[PAD]' };
    writeFolder(join(work, 'bert'), bert, { 'tokenizer.json': json, 'tokenizer_config.json': config });
    writeFolder(join(work, 'characters'), bert);
    // Its table is too short for its tokenizer.
    const short = exportedBert({ ...shape, vocabulary: 9, style: 'matmul' });
    writeFolder(join(work, 'short'), short, { 'tokenizer.json': json, 'tokenizer_config.json': config });
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  const draft = (teacher: string, student: object) =>
    draftStudent(resolveSpec({ student: { family: 'encoder', maxLength: 16, ...student } }), {
      texts: TEXTS,
      labels: ['a', 'b'],
      teacherDir: join(work, teacher),
    });

  it('reads as its teacher does, with a table for the tokens that the texts use', async () => {
    const { tokenizer, model, files } = await draft('bert', { layers: 1, width: 16, heads: 1 });
    expect(tokenizer.kind).toBe('wordpiece');
    expect(tokenizer.vocabularySize).toBeLessThan(VOCABULARY);
    expect(tokenizer.maxLength).toBe(16);
    expect(findInitializer(model, 'embeddings.word').dims).toEqual([tokenizer.vocabularySize, 16]);
    expect(files['config.json']).toMatchObject({
      vocab_size: tokenizer.vocabularySize,
      hidden_size: 16,
      pad_token_id: 0,
    });
  });

  it('starts from layers of its teacher, its tokens from the rows of the same tokens', async () => {
    const { model, tokenizer } = await draft('bert', {
      width: 32,
      heads: 2,
      intermediate: 64,
      initFrom: { layers: [2] },
    });
    const whole = exportedBert({
      layers: 3,
      width: 32,
      heads: 2,
      intermediate: 64,
      vocabulary: VOCABULARY,
      positions: 40,
      style: 'matmul',
    });
    const table =
      whole.graph.nodes.find(({ op, inputs }) => op === 'Gather' && inputs[1] === 'input_ids')?.inputs[0] ?? '';
    const row = (name: string, of: typeof model, id: number) =>
      (findInitializer(of, name).data as Float32Array).slice(32 * id, 32 * (id + 1));
    const [id] = tokenizer.encode('hello').slice(1);
    expect(row('embeddings.word', model, id)).toEqual(row(table, whole, json.model.vocab.hello));
  });

  it('reads characters where the tokenizer of its teacher cannot be trimmed', async () => {
    const { tokenizer, files } = await draft('characters', { layers: 1, width: 16, heads: 1 });
    expect(tokenizer.kind).toBe('character');
    expect(files['tokenizer.json']).toEqual(characterTokenizer(TEXTS, { maxLength: 16 }).tokenizer);
  });

  it.each([
    ['bert', [3], 'layer 3, but the teacher has 3'],
    ['characters', [0], 'neither WordPiece nor Unigram'],
    ['short', [0], 'more tokens than the teacher’s table, 9'],
  ])('says why it cannot start from the teacher "%s" at layers %o', async (teacher, layers, reason) => {
    await expect(draft(teacher, { width: 32, heads: 2, initFrom: { layers } })).rejects.toMatchObject({
      code: 'RT_INVALID_SPEC',
      message: expect.stringContaining(reason),
    });
  });
});
