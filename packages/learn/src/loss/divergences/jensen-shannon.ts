import type { Divergence } from './divergence.js';

/**
 * The Jensen-Shannon divergence (Lin 1991; for distillation: Agarwal et al. 2024), with p = softmax(t/T), q = softmax(z/T) and their
 * mean m:
 *
 *     JS(p, q) = (KL(p ‖ m) + KL(q ‖ m)) / 2,   symmetric, from 0 to ln 2
 *
 * As p / (p + q) = 1 / (1 + e^(log q - log p)), it is taken from the logarithms alone, in which no probability vanishes:
 *
 *     JS = ln 2 - Σ_c (p_c · softplus(log q_c - log p_c) + q_c · softplus(log p_c - log q_c)) / 2
 *
 * Near p = q it is a quarter of either KL, and shrinks by 1/T² like them: T² applies.
 */
export const jensenShannon: Divergence = {
  timesSquaredTemperature: true,
  perRow(graph) {
    const { b } = graph;
    const teacher = graph.logSoftmax(graph.softened(graph.teacher));
    const student = graph.logSoftmax(graph.softened(graph.student));
    /** own · softplus(log other - log own) */
    const half = (own: string, other: string) =>
      b.add('Mul', [b.add('Exp', [own]), b.add('Softplus', [b.add('Sub', [other, own])])]);
    const sum = graph.sumOverClasses(b.add('Add', [half(teacher, student), half(student, teacher)]));
    return b.add('Sub', [graph.scalar(Math.LN2), graph.scale(sum, 0.5)]);
  },
};
