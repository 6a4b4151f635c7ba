import { RetortError } from '@retort/contracts/values';
import type { TrainOptions } from './train-options.js';

/** @throws RetortError `RT_INVALID_FIELD` where there is nothing to mix a row with */
export function checkMixup({ training, heads }: Pick<TrainOptions, 'training' | 'heads'>): void {
  if (!training.mixup) return;
  if (training.batchSize < 2) {
    throw invalid('mixes the rows of a batch: training.batchSize must be at least 2, not 1');
  }
  if (heads) throw invalid('would mix rows of different tasks, which have no classes in common: set it to 0');
}

function invalid(why: string): RetortError {
  return new RetortError('RT_INVALID_FIELD', `training.mixup ${why}.`);
}
