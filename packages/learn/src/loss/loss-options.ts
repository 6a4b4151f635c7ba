import type { LossSpec } from '@retort/contracts';

/** What of the loss a caller must say; the rest is that of the plain distillation loss. */
export type LossOptions = Pick<LossSpec, 'lambda' | 'temperature'> & Partial<LossSpec>;

/** Of options that are left out, where they have a default at all. */
export const LOSS_DEFAULTS = { labelSmoothing: 0, divergence: 'forward-kl' } as const satisfies Partial<LossSpec>;

/** Names of what `withLoss` adds to a graph. */
export const LOSS = {
  output: 'loss',
  labels: 'labels',
  teacherLogits: 'teacher_logits',
  rowWeights: 'row_weights',
  temperature: 'loss_temperature',
  lambda: 'loss_lambda',
} as const;
