import type { AugmentationName } from '@retort/contracts';
import type { Augmentation } from './augmentation.js';
import { backOff } from './back-off.js';
import { maskedReplacement } from './masked-replacement.js';
import { neighbourReplacement } from './neighbour-replacement.js';
import { spanMixing } from './span-mixing.js';
import { swap } from './swap.js';
import { tokenDropout } from './token-dropout.js';
import { typo } from './typo.js';

/** Every strategy by the name that specs call it. */
export const augmentations: Readonly<Record<AugmentationName, Augmentation>> = {
  'token-dropout': tokenDropout,
  swap,
  'masked-replacement': maskedReplacement,
  'neighbour-replacement': neighbourReplacement,
  'back-off': backOff,
  'span-mixing': spanMixing,
  typo,
};

export type { Augmentation, AugmentationHelpers } from './augmentation.js';
export type { RandomSource } from './draws.js';
export { WordNeighbours, type WordVectors } from './word-neighbours.js';
export { WordStatistics } from './word-statistics.js';
