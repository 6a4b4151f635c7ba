import { AdamW } from './adamw.js';
import type { Optimizer, OptimizerOptions } from './optimizer.js';
import type { Parameters } from './parameters.js';
import { Sgd } from './sgd.js';

/** @param parameters with as many `states` as `OPTIMIZER_STATES` says */
export function createOptimizer(parameters: Parameters, { kind, ...options }: OptimizerOptions): Optimizer {
  return kind === 'adamw' ? new AdamW(parameters, options) : new Sgd(parameters, options);
}
