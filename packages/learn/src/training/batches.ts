import type { TrainingSpec } from '@retort/contracts';
import type { Random } from '../random.js';
import { type CurriculumPacing, pacedRows } from './curriculum.js';

/** Batches that are drawn together and then sorted by length: enough to lose little randomness and most of the padding. */
const POOL = 16;

/**
 * The given rows in random order, cut into batches. With `lengths`, rows of like length go together: pools of 16 batches are
 * sorted by length, and the batches of a pool shuffled again.
 *
 * @param rows of one epoch; they stay in their order @param lengths tokens of each row of all the examples
 */
export function drawBatches(random: Random, rows: Int32Array, batchSize: number, lengths?: Int32Array): Int32Array[] {
  const order = random.shuffle(rows.slice());
  const batches: Int32Array[] = [];
  for (let from = 0; from < order.length; from += POOL * batchSize) {
    const pool = order.subarray(from, from + POOL * batchSize);
    if (lengths) pool.sort((a, b) => lengths[a] - lengths[b] || a - b);
    const cut: Int32Array[] = [];
    for (let at = 0; at < pool.length; at += batchSize) cut.push(pool.slice(at, at + batchSize));
    batches.push(...(lengths ? random.shuffle(cut) : cut));
  }
  return batches;
}

/** Steps of a training on `count` rows that is not stopped early; with a curriculum its first epochs have fewer of them. */
export function stepsOf(
  settings: Pick<TrainingSpec, 'epochs' | 'batchSize' | 'accumulate'>,
  count: number,
  curriculum?: CurriculumPacing,
): number {
  const { epochs, batchSize, accumulate } = settings;
  let steps = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const rows = curriculum ? pacedRows(epoch, curriculum, settings, count) : count;
    steps += Math.ceil(Math.ceil(rows / batchSize) / accumulate);
  }
  return steps;
}

/** Padded lengths are multiples of this, so that ONNX Runtime, which plans its memory by shape, meets few of them. */
const LENGTH_STEP = 8;

/**
 * Tokens to pad a batch to: its longest row, rounded up to a multiple of 8, but never above the longest row of all (the model may
 * take no more).
 *
 * @param lengths tokens of each row of all the examples @param longest the greatest of them
 */
export function paddedLength(rows: Int32Array, lengths: Int32Array, longest: number): number {
  const needed = rows.reduce((most, row) => Math.max(most, lengths[row]), 1);
  return Math.max(needed, Math.min(longest, Math.ceil(needed / LENGTH_STEP) * LENGTH_STEP));
}
