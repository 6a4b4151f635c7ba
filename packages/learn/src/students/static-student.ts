import type { StaticShape } from '@retort/contracts';
import { RetortError } from '@retort/contracts/values';
import { floats, GraphBuilder, int64s, int64Vector } from '@retort/onnx';
import type { Matrix } from '../linear-algebra/matrix.js';
import { principalComponents } from '../linear-algebra/principal-components.js';
import { normalValues, Random } from '../random.js';
import { type TrainableModel, withWeights } from '../trainable.js';
import { EMBEDDING_TAP } from './student-taps.js';

export interface StaticStudentOptions {
  /** Number of token ids: all ids are below it. */
  vocabularySize: number;
  classes: number;
  /** Seeds the first weights and the hash. */
  seed: number;
}

/** Name of the table of the tokens by themselves. */
const TOKEN_TABLE = 'tokens.table';

/** Standard deviation of the tables' first values. Small, so that rows which training never meets say little. */
const TABLE_DEVIATION = 0.1;

/**
 * The `static` student: a bag of n-grams of token ids, hashed inside the graph, so that it needs nothing but the ids.
 *
 *     input_ids, attention_mask int64 [batch, tokens]
 *       → hashes of the n-grams that start just before each token, by order int64 [batch, tokens, orders]
 *       → their rows of one table                                          [batch, tokens, orders·width]
 *       → summed over the tokens that the mask keeps                        [batch, orders·width]
 *       → before them, with `tokenWidth`, the sum of the tokens' own rows    [batch, tokenWidth + orders·width]
 *       → LayerNormalization, which also takes the text's length out
 *       → Gemm and Relu, unless `hidden` is 0                               [batch, hidden]
 *       → Gemm                                                              logits [batch, classes]
 *
 * An n-gram x₁…xₙ of order n falls into row (Σᵢ cₙᵢ·xᵢ) mod p, with random coefficients and p the largest prime that is not
 * above `buckets`: universal hashing (Carter & Wegman 1979), one integer MatMul for all orders. Each text begins with one
 * boundary id 0 and is followed by as many as its last n-grams need, so that the beginnings and ends of texts are n-grams too.
 * Since windows start just before each token, the last token starts none: it is part of longer n-grams, but no 1-gram.
 *
 * Masked tokens count as boundary and are left out of the sum: the logits do not depend on how far a batch was padded (on the
 * right) nor on the batch's other texts.
 *
 * Weights: `tokens.table`, `ngrams.table`, `norm`, `hidden`, `output`; matrices are `[from, to]`.
 */
export function staticStudent(
  spec: StaticShape,
  { vocabularySize, classes, seed }: StaticStudentOptions,
): TrainableModel {
  checkSpec(spec, vocabularySize, classes);
  const { width, tokenWidth, hidden } = spec;
  const orders = spec.maxGram - spec.minGram + 1;
  const random = new Random(seed);
  const b = new GraphBuilder({ name: 'static_student' });
  const axes = (...values: number[]) => b.constant(int64Vector(values), 'axes');
  const ids = b.input('input_ids', 'int64', ['batch', 'tokens']);
  const mask = b.input('attention_mask', 'int64', ['batch', 'tokens']);

  const trainable: string[] = [];
  const weight = (name: string, dims: number[], data?: Float32Array) => {
    trainable.push(name);
    return b.initializer(name, floats(dims, data));
  };
  const table = (name: string, rows: number, columns: number) =>
    weight(name, [rows, columns], normalValues(random, rows * columns, TABLE_DEVIATION));
  const dense = (name: string, x: string, from: number, to: number, outputs?: string[]) => {
    const kernel = weight(`${name}.weight`, [from, to], normalValues(random, from * to, Math.sqrt(1 / from)));
    return b.add('Gemm', [x, kernel, weight(`${name}.bias`, [to])], { outputs });
  };
  // Summing over the tokens is a product with the mask as a row: [batch, 1, tokens] · [batch, tokens, columns].
  const summed = (gathered: string, columns: number) =>
    b.add('Reshape', [b.add('MatMul', [weights, gathered]), axes(-1, columns)]);

  const { hashes, rows } = ngramHashes(b, ids, mask, spec, random);
  const ngrams = table('ngrams.table', rows, width);
  const gathered = b.add('Reshape', [b.add('Gather', [ngrams, hashes]), axes(0, 0, orders * width)]);
  const weights = b.add('Unsqueeze', [b.add('Cast', [mask], { attributes: { to: 1 } }), axes(1)]);
  const bags = [summed(gathered, orders * width)];
  if (tokenWidth > 0) {
    bags.unshift(summed(b.add('Gather', [table(TOKEN_TABLE, vocabularySize, tokenWidth), ids]), tokenWidth));
  }
  const bag = bags.length > 1 ? b.add('Concat', bags, { attributes: { axis: 1 } }) : bags[0];
  const inner = staticTextWidth(spec);
  const ones = new Float32Array(inner).fill(1);
  let x = b.add('LayerNormalization', [bag, weight('norm.scale', [inner], ones), weight('norm.bias', [inner])], {
    outputs: [EMBEDDING_TAP],
  });
  if (hidden > 0) x = b.add('Relu', [dense('hidden', x, inner, hidden)]);
  b.output(dense('output', x, hidden || inner, classes, ['logits']), 'float32', ['batch', classes]);
  return { model: b.build(), trainable };
}

/** Width of the text's vector, {@link EMBEDDING_TAP}: that of the tokens' sum and those of the n-grams' sums side by side. */
export function staticTextWidth({ tokenWidth, width, minGram, maxGram }: StaticShape): number {
  return tokenWidth + (maxGram - minGram + 1) * width;
}

/** Rows of the table for the n-grams that start at each token: int64 `[batch, tokens, orders]`, and how many rows there are. */
function ngramHashes(b: GraphBuilder, ids: string, mask: string, spec: StaticShape, random: Random) {
  const { minGram, maxGram, buckets } = spec;
  const orders = maxGram - minGram + 1;
  const rows = largestPrime(buckets);
  const scalar = (value: number) => b.constant(int64s([], [value]));
  // One boundary before the text; the last window reaches maxGram - 2 beyond it.
  const pads = b.constant(int64Vector([0, 1, 0, maxGram - 1]));
  const padded = b.add('Pad', [b.add('Mul', [ids, mask]), pads]);
  // Windows of maxGram ids, each from the id before a token on: positions [tokens, 1] + [1, maxGram].
  const tokens = b.add('Squeeze', [b.add('Shape', [ids], { attributes: { start: 1, end: 2 } })]);
  const starts = b.add('Unsqueeze', [b.add('Range', [scalar(0), tokens, scalar(1)]), b.constant(int64Vector([1]))]);
  const steps = b.constant(
    int64s(
      [1, maxGram],
      Array.from({ length: maxGram }, (_, i) => i),
    ),
  );
  const windows = b.add('Gather', [padded, b.add('Add', [starts, steps])], { attributes: { axis: 1 } });
  // An order ignores the ids beyond its length: their coefficients are 0.
  const coefficients = Array.from({ length: maxGram * orders }, (_, at) => {
    const coefficient = 1 + random.below(rows - 1);
    return Math.floor(at / orders) < minGram + (at % orders) ? coefficient : 0;
  });
  const kernel = b.initializer('ngrams.hash', int64s([maxGram, orders], coefficients));
  return { hashes: b.add('Mod', [b.add('MatMul', [windows, kernel]), scalar(rows)]), rows };
}

function checkSpec({ width, buckets, minGram, maxGram }: StaticShape, vocabularySize: number, classes: number): void {
  const problems = [
    [minGram <= maxGram, `minGram (${minGram}) must not be above maxGram (${maxGram})`],
    [width >= 1 && buckets >= 2, `width (${width}) and buckets (${buckets}) must be positive`],
    [classes >= 2, `a classifier needs at least 2 classes, not ${classes}`],
    // Sums of maxGram products of ids and coefficients must stay exact.
    [
      maxGram * vocabularySize * buckets < 2 ** 53,
      `vocabulary (${vocabularySize}) times buckets (${buckets}) is too large to hash`,
    ],
  ] as const;
  const problem = problems.find(([holds]) => !holds);
  if (problem) throw new RetortError('RT_INVALID_SPEC', `student: ${problem[1]}.`);
}

function largestPrime(atMost: number): number {
  for (let candidate = atMost; candidate > 2; candidate--) if (isPrime(candidate)) return candidate;
  return 2;
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return n > 1;
}

/**
 * Deviation of the values that tokens start with when they come from a teacher. Above {@link TABLE_DEVIATION}, so that at first the text's
 * vector is what the teacher knows, and n-grams, which know nothing, add little.
 */
const EMBEDDING_DEVIATION = 0.6;

/**
 * Starts the table of tokens of a static student from a teacher's embeddings: their principal components, as many as the table is wide,
 * scaled as a whole. (What Model2Vec, Tulkens & van Dongen 2024, does to whole embeddings of static models.) Columns that the teacher has not,
 * where the table is wider, keep their first values.
 *
 * @param student made by {@link staticStudent}, with `tokenWidth` above 0
 * @param embeddings `[vocabulary, width]`: a row for each token of the student
 */
export function startTokens(student: TrainableModel, embeddings: Matrix, seed: number): TrainableModel {
  const table = student.model.graph.initializers.get(TOKEN_TABLE);
  if (table === undefined) throw new Error('The student has no table of tokens.');
  const [rows, columns] = table.dims;
  const components = principalComponents(embeddings, Math.min(columns, embeddings.columns), new Random(seed));
  const scale = EMBEDDING_DEVIATION / deviation(components.values);
  const values = Float32Array.from(table.data as Float32Array);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < components.columns; j++) {
      values[row * columns + j] = scale * components.values[row * components.columns + j];
    }
  }
  return { ...student, model: withWeights(student.model, new Map([[TOKEN_TABLE, values]])) };
}

/** Root of the mean square; 1 where all values are 0. */
function deviation(values: Float32Array): number {
  const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  return Math.sqrt(square) || 1;
}
