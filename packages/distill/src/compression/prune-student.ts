import type { CompressionRecord, DistillationSpec } from '@retort/contracts';
import {
  settledLoss,
  type TrainableModel,
  type TrainingExamples,
  type Weights,
  withMasks,
  withWeights,
} from '@retort/learn';
import { findInitializer } from '@retort/onnx';
import type { Tokenizer } from '@retort/text';
import type { StudentDraft } from '../student/student-draft.js';
import { type CompressibleStudent, prune } from './pruning-steps.js';
import { type Measured, ValidationGate, type ValidationRows } from './validation-gate.js';

/** Training and validation rows as one tokenizer reads them. */
export interface CompressionRows {
  train: TrainingExamples;
  validation: ValidationRows;
}

export interface PruneOptions {
  spec: DistillationSpec;
  /** Texts of the training rows. */
  texts: readonly string[];
  /** As the trained student reads them. */
  rows: CompressionRows;
  /** As another tokenizer reads them. */
  readAgain: (tokenizer: Tokenizer) => CompressionRows;
  /** Trains on, on answers alone; the weights fit the model that is given. */
  learn: (
    student: TrainableModel,
    rows: CompressionRows,
    spec: Pick<DistillationSpec, 'loss' | 'training'>,
  ) => Promise<Weights>;
  threads?: number;
  signal?: AbortSignal;
}

export interface PrunedStudent {
  student: StudentDraft;
  /** As it reads them. */
  rows: CompressionRows;
  /** Of the pruning steps, in order. */
  records: CompressionRecord[];
  /** Compares with the student as it was; absent where there is no compression. */
  gate?: ValidationGate;
}

/**
 * Takes the pruning steps of the spec in order, each followed by fine-tuning and a measurement on the validation rows. A step after
 * which the student has lost more than the allowance is undone and told as refused; the next step goes on from the last student that was
 * accepted.
 *
 * @param trained with its `Dropout`, as it was trained
 */
export async function pruneStudent(trained: StudentDraft, options: PruneOptions): Promise<PrunedStudent> {
  const { spec, texts, readAgain, threads, signal } = options;
  let { rows } = options;
  const { compression, loss, training } = spec;
  if (!compression) return { student: trained, rows, records: [] };
  let student: CompressibleStudent = { ...trained, sparse: [] };
  const gate = await ValidationGate.open(student, rows.validation, {
    allowance: compression.allowance,
    classes: rows.validation.teacherLogits.length / rows.validation.count,
    batchSize: training.batchSize,
    threads,
    signal,
  });
  let measured: Measured = gate.uncompressed;
  const records: CompressionRecord[] = [];
  for (const step of compression.steps) {
    if (step.kind === 'quantize') continue;
    const data = { examples: rows.train, texts, loss, seed: training.seed, threads, signal };
    const pruned = await prune(student, step, data);
    if (typeof pruned === 'string') {
      records.push(gate.refuse(step, measured, pruned));
      continue;
    }
    const read = pruned.tokenizer === student.tokenizer ? rows : readAgain(pruned.tokenizer);
    const candidate = await fineTuned(pruned, read, options);
    const after = await gate.measure(candidate, read.validation);
    const record = gate.judge(step, measured, after);
    records.push(record);
    if (record.accepted) [student, rows, measured] = [candidate, read, after];
  }
  return { student, rows, records, gate };
}

async function fineTuned(
  student: CompressibleStudent,
  rows: CompressionRows,
  { spec, learn }: PruneOptions,
): Promise<CompressibleStudent> {
  const { fineTuneEpochs: epochs, fineTuneRate } = spec.compression ?? { fineTuneEpochs: 0, fineTuneRate: 1 };
  if (epochs === 0) return student;
  const { training } = spec;
  const masked = withMasks(student, zerosOf(student));
  const learningRate = training.learningRate * fineTuneRate;
  const weights = await learn(masked, rows, {
    loss: settledLoss(spec.loss),
    training: { ...training, epochs, learningRate, patience: 0 },
  });
  return { ...student, model: withWeights(student.model, weights) };
}

/** Masks of the matrices that were pruned by magnitude, as far as later steps left them. */
function zerosOf({ model, sparse }: CompressibleStudent): Weights {
  return new Map(
    sparse.map((name) => [
      name,
      (findInitializer(model, name, 'float32').data as Float32Array).map((value) => (value === 0 ? 0 : 1)),
    ]),
  );
}
