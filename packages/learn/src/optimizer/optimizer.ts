import type { Gradients } from './gradients.js';
import type { OptimizerKind } from './optimizer-states.js';

/** The numbers of one step. */
export interface StepOptions {
  /** From 1. */
  step: number;
  learningRate: number;
  /** Factor on the gradient, from clipping. */
  scale: number;
}

/**
 * What changes the weights, given their gradients. Between steps all that it knows lies in the parameters' `states`: with these put
 * back, the next step is the same to the bit.
 *
 * A table with sparse gradients is updated lazily, whatever the optimizer: a row that a step does not touch keeps its weights and
 * its state, and is not decayed. So a step costs time by the batch and not by the table.
 */
export interface Optimizer {
  step(gradients: Gradients, options: StepOptions): void;
}

export interface OptimizerOptions {
  kind: OptimizerKind;
  weightDecay: number;
  /** Of SGD. */
  momentum: number;
  nesterov: boolean;
  /** Factor on the learning rate of single parameters, by name; default 1. */
  rates?: ReadonlyMap<string, number>;
}
