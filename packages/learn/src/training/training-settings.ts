import type { TrainingSpec } from '@retort/contracts';
import { RetortError } from '@retort/contracts/values';

/** What of the training a caller must say; the rest has defaults. */
export type TrainingSettings = Pick<TrainingSpec, 'epochs' | 'batchSize' | 'learningRate' | 'seed'> &
  Partial<TrainingSpec>;

/** Of settings that are left out. `warmup` has a default for each schedule. */
export const TRAINING_DEFAULTS = {
  accumulate: 1,
  optimizer: 'adamw',
  momentum: 0.9,
  nesterov: false,
  weightDecay: 0.01,
  clipNorm: 1,
  schedule: 'cosine',
  averageDecay: 0,
  mixup: 0,
  patience: 0,
  minDelta: 0,
} as const satisfies Partial<TrainingSpec>;

const isWhole = (least: number) => (value: unknown) => Number.isInteger(value) && (value as number) >= least;
const isShare = (value: unknown) => typeof value === 'number' && value >= 0 && value < 1;
const isPositive = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value > 0;
const isNonNegative = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isOneOf = (names: string[]) => (value: unknown) => names.includes(value as string);

/** The library's own checks: looser than the limits of a spec, as callers may have their reasons. */
const CHECKS: { [K in keyof TrainingSpec]-?: [ok: (value: unknown) => boolean, must: string] } = {
  epochs: [isWhole(1), 'an integer of at least 1'],
  batchSize: [isWhole(1), 'an integer of at least 1'],
  accumulate: [isWhole(1), 'an integer of at least 1'],
  optimizer: [isOneOf(['adamw', 'sgd']), '"adamw" or "sgd"'],
  learningRate: [isPositive, 'above 0'],
  momentum: [isShare, 'at least 0 and below 1'],
  nesterov: [(value) => typeof value === 'boolean', 'true or false'],
  weightDecay: [isNonNegative, 'at least 0'],
  clipNorm: [isPositive, 'above 0'],
  schedule: [isOneOf(['constant', 'linear', 'cosine', 'one-cycle']), 'constant, linear, cosine or one-cycle'],
  warmup: [(value) => value === undefined || isShare(value), 'at least 0 and below 1'],
  averageDecay: [isShare, 'at least 0 and below 1'],
  mixup: [isNonNegative, 'at least 0'],
  patience: [isWhole(0), 'an integer of at least 0'],
  minDelta: [isNonNegative, 'at least 0'],
  seed: [(value) => isWhole(0)(value) && (value as number) < 2 ** 32, 'an integer from 0 to 4294967295'],
};

/**
 * The settings with their defaults, and nothing else that the object may hold.
 *
 * @throws RetortError `RT_INVALID_FIELD` naming the setting and its range
 */
export function resolveSettings(given: TrainingSettings): TrainingSpec {
  const settings: Record<string, unknown> = {};
  for (const [name, [ok, must]] of Object.entries(CHECKS)) {
    const key = name as keyof TrainingSpec;
    const value = given[key] ?? (TRAINING_DEFAULTS as Partial<TrainingSpec>)[key];
    if (!ok(value)) {
      throw new RetortError('RT_INVALID_FIELD', `training.${name} must be ${must}, not ${JSON.stringify(value)}.`);
    }
    if (value !== undefined) settings[name] = value;
  }
  return settings as TrainingSpec;
}
