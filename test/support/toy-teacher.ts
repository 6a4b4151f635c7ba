import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Row, Split } from '../../packages/contracts/src/index.ts';
import { GraphBuilder, writeModel } from '../../packages/onnx/src/index.ts';
import { characterTokenizer, loadTokenizer, type TokenizerFiles } from '../../packages/text/src/index.ts';

export const TOY_LABELS = ['low', 'mid', 'high'];
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';
const MAX_LENGTH = 48;

/** A linear congruential generator (Numerical Recipes): tests draw from no random source of the code under test. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The third of the alphabet that a letter belongs to: the label of a text is the third that most of its letters are of. */
const classOf = (letter: string): number => Math.min(2, Math.floor((ALPHABET.indexOf(letter) * 3) / ALPHABET.length));

/** Distinct texts of made-up words, labelled by their letters: 70% train, 15% valid, 15% test. */
export function toyRows(count: number, seed = 1): Row[] {
  const random = generator(seed);
  const thirds = TOY_LABELS.map((_, k) => [...ALPHABET].filter((letter) => classOf(letter) === k));
  const pick = (letters: string[]) => letters[Math.floor(random() * letters.length)]!;
  return Array.from({ length: count }, (_, i) => {
    const label = i % TOY_LABELS.length;
    const letters = Array.from({ length: 14 }, () => (random() < 0.75 ? pick(thirds[label]!) : pick([...ALPHABET])));
    const text = `${letters.join('').replace(/(.{4})/g, '$1 ')} ${i.toString(36)}`;
    const share = i % 20;
    const split: Split = share < 14 ? 'train' : share < 17 ? 'valid' : 'test';
    return { text, label: TOY_LABELS[label]!, split };
  });
}

export interface ToyTeacherOptions {
  /** Matrix products of width 256 that each token is put through for nothing, so that labelling takes its time. Default 0. */
  work?: number;
  /** `encoder` ends in token vectors instead of logits. Default `classifier`. */
  kind?: 'classifier' | 'encoder';
  /** Files of a tokenizer whose tokens are letters. Default: one of characters. */
  tokens?: TokenizerFiles;
  /** What a classifier calls the three labels. Default: as the rows do. */
  labels?: string[];
}

const WORK_WIDTH = 256;

/**
 * Writes a model folder that knows the toy task: logits are the mean of one vector a letter, 6 at its third and 0
 * elsewhere.
 */
export async function writeToyTeacher(
  dir: string,
  { work = 0, kind = 'classifier', tokens, labels = TOY_LABELS }: ToyTeacherOptions = {},
): Promise<void> {
  const { tokenizer, config } = tokens ?? characterTokenizer([ALPHABET, ' 0123456789'], { maxLength: MAX_LENGTH });
  const { vocabularySize } = loadTokenizer(tokenizer, config);
  const classes = TOY_LABELS.length;
  const table = new Float32Array(vocabularySize * classes);
  for (const [token, id] of Object.entries((tokenizer.model as { vocab: Record<string, number> }).vocab)) {
    const letter = token.replace('##', '');
    if (letter.length === 1 && ALPHABET.includes(letter)) table[id * classes + classOf(letter)] = 6;
  }

  const b = new GraphBuilder();
  const ids = b.input('input_ids', 'int64', ['batch', 'tokens']);
  const mask = b.input('attention_mask', 'int64', ['batch', 'tokens']);
  const weights = b.initializer('letters', { type: 'float32', dims: [vocabularySize, classes], data: table });
  let vectors = b.add('Gather', [weights, ids]); // [batch, tokens, classes]
  if (work > 0) vectors = b.add('Add', [vectors, busyWork(b, ids, work)]);
  if (kind === 'encoder') {
    b.add('Identity', [vectors], { outputs: ['last_hidden_state'] });
    b.output('last_hidden_state', 'float32', ['batch', 'tokens', classes]);
  } else {
    const axis = b.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(1n) });
    const last = b.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(-1n) });
    const real = b.add('Unsqueeze', [b.add('Cast', [mask], { attributes: { to: 1 } }), last]); // [batch, tokens, 1]
    const sum = b.add('ReduceSum', [b.add('Mul', [vectors, real]), axis], { attributes: { keepdims: 0 } });
    const length = b.add('ReduceSum', [real, axis], { attributes: { keepdims: 0 } });
    b.add('Div', [sum, length], { outputs: ['logits'] });
    b.output('logits', 'float32', ['batch', classes]);
  }

  const id2label = Object.fromEntries(labels.map((label, id) => [id, label]));
  const encoderConfig = { model_type: 'bert', hidden_size: classes };
  await mkdir(join(dir, 'onnx'), { recursive: true });
  await writeFile(join(dir, 'onnx/model.onnx'), writeModel(b.build()));
  await writeFile(join(dir, 'tokenizer.json'), JSON.stringify(tokenizer));
  await writeFile(join(dir, 'tokenizer_config.json'), JSON.stringify(config));
  await writeFile(
    join(dir, 'config.json'),
    JSON.stringify(kind === 'encoder' ? encoderConfig : { ...encoderConfig, id2label }),
  );
}

/** `[batch, tokens, 1]`, practically zero, after `products` products of `[batch, tokens, 256]` with a 256 × 256 matrix. */
function busyWork(b: GraphBuilder, ids: string, products: number): string {
  const data = new Float32Array(WORK_WIDTH * WORK_WIDTH).fill(1 / WORK_WIDTH);
  const square = b.constant({ type: 'float32', dims: [WORK_WIDTH, WORK_WIDTH], data });
  const spread = b.constant({ type: 'float32', dims: [1, WORK_WIDTH], data: new Float32Array(WORK_WIDTH).fill(1e-9) });
  const collect = b.constant({ type: 'float32', dims: [WORK_WIDTH, 1], data: new Float32Array(WORK_WIDTH).fill(1e-9) });
  const last = b.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(-1n) });
  const floats = b.add('Unsqueeze', [b.add('Cast', [ids], { attributes: { to: 1 } }), last]);
  let x = b.add('MatMul', [floats, spread]);
  for (let i = 0; i < products; i++) x = b.add('MatMul', [x, square]);
  return b.add('MatMul', [x, collect]);
}
