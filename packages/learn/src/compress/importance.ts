import { RetortError } from '@retort/contracts/values';
import { findInitializer } from '@retort/onnx';
import type { TrainingExamples } from '../examples.js';
import type { LossOptions } from '../loss/loss-options.js';
import { settledLoss } from '../loss/loss-schedule.js';
import { classesOf } from '../loss/with-loss.js';
import { Parameters } from '../optimizer/parameters.js';
import { Random } from '../random.js';
import type { TrainableModel } from '../trainable.js';
import { drawBatches, paddedLength } from '../training/batches.js';
import { type Batch, TrainingStep } from '../training/training-step.js';

/** Rows of a matrix that stand for one unit: row r belongs to unit ⌊r / group⌋. */
export interface UnitRows {
  /** Name of the matrix `[units·group, to]` that reads the units. */
  matrix: string;
  /** Rows of each: 1 for a hidden unit, the width of a head for a head. */
  group: number;
}

export interface TaylorOptions {
  examples: TrainingExamples;
  /** Of one with a schedule, as it ends. */
  loss: LossOptions;
  /** Of the order of the examples. */
  seed: number;
  /** Rows of a batch: gradients are summed within one before their size counts; default 32. */
  batchSize?: number;
  /** Default 64. */
  mostBatches?: number;
  threads?: number;
  signal?: AbortSignal;
}

/**
 * How far the loss would change to first order if a unit were switched off: with a factor ξ on what the unit gives out, at ξ = 1,
 *
 *     I = mean over batches |∂L/∂ξ|,   ∂L/∂ξ = Σ over the rows r of the unit, Σⱼ w_rⱼ·∂L/∂w_rⱼ
 *
 * (Michel et al. 2019 for heads; Molchanov et al. 2017 for units: the factor on a unit is the factor on the weights that read it, so that
 * the gradients of those weights are all it takes.)
 *
 * @param student without `Dropout`, whose masks would only add noise
 * @returns one score for each unit, for each of `units`
 * @throws RetortError `RT_CANCELLED` after `signal`
 */
export async function taylorImportance(
  { model }: TrainableModel,
  units: readonly UnitRows[],
  { examples, loss, seed, batchSize = 32, mostBatches = 64, threads = 1, signal }: TaylorOptions,
): Promise<Float64Array[]> {
  const matrices = units.map(({ matrix }) => matrix);
  const teacher = examples.teacherLogits !== undefined;
  const weighted = examples.weights !== undefined;
  const graph = { teacher, weighted, seed, threads };
  const step = await TrainingStep.open({ model, trainable: matrices }, settledLoss(loss), graph);
  try {
    const parameters = new Parameters(model, matrices);
    const scores = units.map(({ matrix, group }) => new Float64Array(findInitializer(model, matrix).dims[0] / group));
    const all = Int32Array.from({ length: examples.count }, (_, row) => row);
    const batches = drawBatches(new Random(seed), all, batchSize, examples.lengths).slice(0, mostBatches);
    const batchOf = batcher(examples, classesOf(model));
    for (const rows of batches) {
      if (signal?.aborted)
        throw new RetortError('RT_CANCELLED', 'The compression was cancelled.', { cause: signal.reason });
      const { gradients } = await step.run(parameters, batchOf(rows));
      for (const [i, { name, values }] of parameters.list.entries()) {
        const changes = unitSums(
          scores[i].length,
          (at) => values[at] * (gradients.get(name) as Float32Array)[at],
          values,
        );
        for (const [unit, change] of changes.entries()) scores[i][unit] += Math.abs(change) / batches.length;
      }
    }
    return scores;
  } finally {
    await step.close();
  }
}

/** The L2 norm of the weights that read each unit: what can be said of it without data. */
export function normImportance({ model }: TrainableModel, units: readonly UnitRows[]): Float64Array[] {
  return units.map(({ matrix, group }) => {
    const { dims, data } = findInitializer(model, matrix, 'float32');
    const values = data as Float32Array;
    return unitSums(dims[0] / group, (at) => values[at] ** 2, values).map(Math.sqrt);
  });
}

/** Σ over all elements of each of `count` equal parts of an array. */
function unitSums(count: number, term: (at: number) => number, { length }: Float32Array): Float64Array {
  const sums = new Float64Array(count);
  const size = length / count;
  for (let at = 0; at < length; at++) sums[Math.floor(at / size)] += term(at);
  return sums;
}

function batcher({ count, inputs, labels, lengths, teacherLogits, weights }: TrainingExamples, classes: number) {
  const meanWeight = weights?.reduce((sum, weight) => sum + weight / count, 0) ?? 1;
  const longest = lengths?.reduce((most, length) => Math.max(most, length), 0) ?? 0;
  return (rows: Int32Array): Batch => {
    const batch: Batch = {
      inputs: inputs(rows, lengths && paddedLength(rows, lengths, longest)),
      labels: rows.map((row) => labels[row]),
    };
    if (teacherLogits) {
      batch.teacherLogits = new Float32Array(rows.length * classes);
      for (const [i, row] of rows.entries()) {
        batch.teacherLogits.set(teacherLogits.subarray(row * classes, (row + 1) * classes), i * classes);
      }
    }
    if (weights) batch.weights = Float32Array.from(rows, (row) => weights[row] / meanWeight);
    return batch;
  };
}

/** Indexes of the `count` largest scores, in ascending order; of equal ones the first. */
export function mostImportant(scores: Float64Array, count: number): Int32Array {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b);
  return Int32Array.from(order.slice(0, count)).sort();
}
