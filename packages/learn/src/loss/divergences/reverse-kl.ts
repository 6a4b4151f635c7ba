import type { Divergence } from './divergence.js';

/**
 * The reverse Kullback-Leibler divergence (for distillation: Gu et al. 2024, MiniLLM), with p = softmax(t/T), q = softmax(z/T):
 *
 *     KL(q ‖ p) = Σ_c q_c · (log q_c - log p_c)
 *
 * The student is drawn to what the teacher thinks likeliest, and away from what it rules out. Near p = q it is, to the second order, the
 * forward one: T² applies alike.
 */
export const reverseKl: Divergence = {
  timesSquaredTemperature: true,
  perRow(graph) {
    const { b } = graph;
    const teacher = graph.logSoftmax(graph.softened(graph.teacher));
    const student = graph.logSoftmax(graph.softened(graph.student));
    return graph.sumOverClasses(b.add('Mul', [b.add('Exp', [student]), b.add('Sub', [student, teacher])]));
  },
};
