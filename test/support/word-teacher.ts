import type { Row, Split } from '../../packages/contracts/src/index.ts';
import { floats, GraphBuilder, int64Vector } from '../../packages/onnx/src/index.ts';
import { configOf, weights, writeFolder } from './tiny-models.ts';
import { wordpiece } from './tokenizers.ts';

const MOODS = ['glad', 'sad', 'cross'];

const WIDTH = 12;

/** Made-up words of two syllables; the mood of a word is its place modulo 3. */
export const WORDS = [...'bdfgklmnprst'].flatMap((a) => [...'aeiou'].flatMap((b) => [`${a}${b}na`, `${b}${a}im`]));

const tokenizer = () => {
  const json = wordpiece({ lowercase: true });
  const size = Object.keys(json.model.vocab).length;
  for (const [i, word] of WORDS.entries()) json.model.vocab[word] = size + i;
  return json;
};

/**
 * Writes the folder of a teacher that knows the mood of every word: logits are the mean of one vector a token, in whose table words of a
 * mood lie near each other, times a matrix.
 */
export function writeWordTeacher(dir: string): void {
  const json = tokenizer();
  const rows = Object.keys(json.model.vocab).length;
  const table = weights(rows * WIDTH, 3).map((value) => value / 10);
  const moodOf = (word: string) => WORDS.indexOf(word) % MOODS.length;
  for (const word of WORDS) table[json.model.vocab[word] * WIDTH + moodOf(word)] += 4;
  const b = new GraphBuilder();
  b.input('input_ids', 'int64', ['batch', 'tokens']);
  b.input('attention_mask', 'int64', ['batch', 'tokens']);
  const axis = (at: number) => b.constant(int64Vector([at]));
  const mask = b.add('Unsqueeze', [b.add('Cast', ['attention_mask'], { attributes: { to: 1 } }), axis(-1)]);
  const vectors = b.add('Gather', [b.initializer('words', floats([rows, WIDTH], table)), 'input_ids']);
  const sum = b.add('ReduceSum', [b.add('Mul', [vectors, mask]), axis(1)], { attributes: { keepdims: 0 } });
  const mean = b.add('Div', [sum, b.add('ReduceSum', [mask, axis(1)], { attributes: { keepdims: 0 } })]);
  const moods = Float32Array.from({ length: WIDTH * MOODS.length }, (_, i) =>
    Math.floor(i / MOODS.length) === i % MOODS.length ? 4 : 0,
  );
  b.add('MatMul', [mean, b.initializer('moods', floats([WIDTH, MOODS.length], moods))], { outputs: ['logits'] });
  b.output('logits', 'float32', ['batch', MOODS.length]);
  writeFolder(dir, b.build(), {
    'tokenizer.json': json,
    'tokenizer_config.json': { model_max_length: 32, pad_token: '[PAD]', unk_token: '[UNK]' },
    'config.json': configOf(MOODS),
  });
}

/** Texts of four words of one mood. Those of the test split are of words that no other text has. */
export function wordRows(count: number): Row[] {
  let state = 5;
  const below = (bound: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  return Array.from({ length: count }, (_, i) => {
    const share = i % 20;
    const split: Split = share < 14 ? 'train' : share < 17 ? 'valid' : 'test';
    const mood = below(MOODS.length);
    const known = WORDS.filter((_, word) => word % MOODS.length === mood && word % 2 === (split === 'test' ? 1 : 0));
    const text = Array.from({ length: 4 }, () => known[below(known.length)]).join(' ');
    return { text: `${text} ${i}`, label: MOODS[mood], split };
  });
}
