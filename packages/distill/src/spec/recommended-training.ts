import type { DistillationSpec } from '@retort/contracts';
import type { RowCounts } from '../dataset/dataset-shape.js';

/** `steps`: that a student is trained for at least. The learning rate of transformers is that of their family's defaults. */
const TRAINING = {
  static: { steps: 1500, batchSize: 128, learningRate: 0.005 },
  encoder: { steps: 3000, batchSize: 64 },
} as const;
const EPOCHS = { least: 6, most: 100 };

/** What training is recommended for a spec's student and so many training rows: enough steps also for little data, and no more than are needed for much. */
export function recommendedTraining(
  { student, transferSet }: Pick<DistillationSpec, 'student' | 'transferSet'>,
  { train }: Pick<RowCounts['rows'], 'train'>,
): { epochs: number; batchSize: number; learningRate?: number } {
  const { steps, ...settings } = TRAINING[student.family];
  const perEpoch = Math.max(1, (train * (1 + (transferSet?.multiply ?? 0))) / settings.batchSize);
  const epochs = Math.min(EPOCHS.most, Math.max(EPOCHS.least, Math.ceil(steps / perEpoch)));
  return { epochs, ...settings };
}
