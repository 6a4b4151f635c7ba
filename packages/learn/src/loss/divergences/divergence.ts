import type { LossGraph } from '../loss-graph.js';

/** One way of holding the student's logits z against the teacher's t: what the loss is made of beside the cross-entropy. */
export interface Divergence {
  /**
   * Whether the loss puts T² before it. It is there for divergences of softmax(z/T), whose gradients shrink by 1/T² (Hinton et al. 2015):
   * with it they stay of one size for every T, and λ keeps its meaning.
   */
  readonly timesSquaredTemperature: boolean;
  /** Appends it to the graph. @returns its value for each row, `[batch]`; `[1]` where it is one for all of them */
  perRow(graph: LossGraph): string;
}
