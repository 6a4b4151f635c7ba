import type { DkdSpec } from '@retort/contracts';
import { int64s } from '@retort/onnx';
import type { LossGraph } from '../loss-graph.js';
import type { Divergence } from './divergence.js';

/** In the paper's experiments α = 1 and β = 8 for most pairs of networks. */
export const DKD_DEFAULTS: DkdSpec = { beta: 8 };

/** In the place of the target's logit: its probability is 0, and 0 times any difference of such stays 0. */
const MASKED = -1e30;

/**
 * Decoupled knowledge distillation (Zhao et al. 2022). With p = softmax(t/T), q = softmax(z/T), the target class y, and p̂, q̂ the
 * same softmaxes over the other classes alone:
 *
 *     DKD  = TCKD + β·NCKD
 *     TCKD = p_y·(log p_y - log q_y) + (1 - p_y)·(log(1 - p_y) - log(1 - q_y))     how sure to be of the target
 *     NCKD = KL(p̂ ‖ q̂)                                                            what the others look like
 *
 * KL(p ‖ q) = TCKD + (1 - p_y)·NCKD: where the teacher is sure, plain distillation hardly teaches the others, and β does. The target is
 * the label, for a row without one the teacher's answer. Both parts are divergences of softmaxes at T: T² applies.
 */
export function dkd({ beta }: DkdSpec): Divergence {
  return {
    timesSquaredTemperature: true,
    perRow(graph) {
      const { b } = graph;
      const isTarget = graph.isClass(target(graph));
      const teacher = decoupled(graph, graph.softened(graph.teacher), isTarget);
      const student = decoupled(graph, graph.softened(graph.student), isTarget);
      const term = (log: string, other: string) => b.add('Mul', [b.add('Exp', [log]), b.add('Sub', [log, other])]);
      const tckd = b.add('Add', [term(teacher.target, student.target), term(teacher.rest, student.rest)]);
      const nckd = graph.sumOverClasses(term(teacher.others, student.others));
      return b.add('Add', [tckd, graph.scale(nckd, beta)]);
    },
  };
}

/** The target class of each row, int64 `[batch]`. */
function target({ b, labels, teacher }: LossGraph): string {
  const answer = b.add('ArgMax', [teacher], { attributes: { axis: 1, keepdims: 0 } });
  return b.add('Where', [b.add('GreaterOrEqual', [labels, b.constant(int64s([], [0]))]), labels, answer]);
}

/**
 * log p_y and log(1 - p_y), `[batch]`, and log p̂ `[batch, classes]`, whose exponential is 0 at the target. For every other class
 * p̂_c = p_c / (1 - p_y), so that log(1 - p_y) is log p_c - log p̂_c, here the mean over them, which is finite however small it is.
 */
function decoupled(graph: LossGraph, logits: string, isTarget: string) {
  const { b } = graph;
  const all = graph.logSoftmax(logits);
  const others = graph.logSoftmax(b.add('Where', [isTarget, graph.scalar(MASKED), logits]));
  const nothing = graph.scalar(0);
  const rest = graph.sumOverClasses(b.add('Where', [isTarget, nothing, b.add('Sub', [all, others])]));
  return {
    target: graph.sumOverClasses(b.add('Where', [isTarget, all, nothing])),
    rest: graph.scale(rest, 1 / (graph.classes - 1)),
    others,
  };
}
