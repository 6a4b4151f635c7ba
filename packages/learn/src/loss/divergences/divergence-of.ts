import type { DivergenceName } from '@retort/contracts';
import { LOSS_DEFAULTS, type LossOptions } from '../loss-options.js';
import { DIST_DEFAULTS, dist } from './dist.js';
import type { Divergence } from './divergence.js';
import { DKD_DEFAULTS, dkd } from './dkd.js';
import { forwardKl } from './forward-kl.js';
import { jensenShannon } from './jensen-shannon.js';
import { logitMse } from './logit-mse.js';
import { reverseKl } from './reverse-kl.js';

const BY_NAME: Record<DivergenceName, (loss: LossOptions) => Divergence> = {
  'forward-kl': () => forwardKl,
  'reverse-kl': () => reverseKl,
  'jensen-shannon': () => jensenShannon,
  dkd: (loss) => dkd(loss.dkd ?? DKD_DEFAULTS),
  dist: (loss) => dist(loss.dist ?? DIST_DEFAULTS),
  'logit-mse': () => logitMse,
};

/** The divergence that the loss names, with its parameters. */
export function divergenceOf(loss: LossOptions): Divergence {
  return BY_NAME[loss.divergence ?? LOSS_DEFAULTS.divergence](loss);
}
