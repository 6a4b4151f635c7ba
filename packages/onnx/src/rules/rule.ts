import type { ShapeContext } from '../shapes/context.js';
import type { Facts } from '../shapes/facts.js';
import type { GradientContext } from './gradient-context.js';
import type { UnfuseContext } from './unfuse-context.js';

/**
 * The gradient of one input of a node: emits its nodes when called and returns the name of a value of the input's exact
 * shape. It is called only if somebody needs that gradient, so what nobody needs is never built. `null` marks an input
 * that has no gradient (indices, shapes, conditions).
 */
export type InputGradient = (() => string) | null;

/** All that Retort knows about one operator. */
export interface OpRule {
  op: string;
  /** Default `''`, which is ai.onnx. */
  domain?: string;
  /**
   * The oldest opset whose definition of the operator the gradient is right for (default 13, the oldest that `gradient`
   * takes). Shapes are inferred for every opset.
   */
  since?: number;
  /** What is known of the outputs, one entry per output; missing entries are unknown. */
  infer?: (context: ShapeContext) => Facts[];
  /**
   * Reverse-mode rule: one entry per input, in order; a shorter list means `null` for the rest.
   * Absent on an operator that cannot be differentiated.
   */
  gradient?: (context: GradientContext) => InputGradient[];
  /**
   * Outputs by position that are floats and that `gradient` passes nothing back from (statistics): a loss that depends on one
   * is refused, rather than differentiated in part.
   */
  opaqueOutputs?: readonly number[];
  /**
   * Gradient of the first input as rows for a few of its indices, taken instead of `gradient` where that input is a table
   * to train; undefined where this use of the operator does not allow it.
   */
  sparseGradient?: (context: GradientContext) => { indices: string; rows: string } | undefined;
  /**
   * For an operator that is several others fused, instead of `gradient`: emits those others and returns the values of the outputs, in
   * order (empty for those that it has not). `gradient` differentiates these in its stead.
   */
  unfuse?: (context: UnfuseContext) => string[];
}
