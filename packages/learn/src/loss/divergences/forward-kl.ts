import type { Divergence } from './divergence.js';

/**
 * The Kullback-Leibler divergence of the student from the teacher (Hinton et al. 2015), with p = softmax(t/T), q = softmax(z/T):
 *
 *     KL(p ‖ q) = Σ_c p_c · (log p_c - log q_c)
 *
 * The student is drawn to cover all that the teacher thinks possible. Its gradient by z, (q - p)/T, is for large T
 * (z - t)/(C·T²) for logits of mean zero: hence T².
 */
export const forwardKl: Divergence = {
  timesSquaredTemperature: true,
  perRow(graph) {
    const { b } = graph;
    const teacher = graph.logSoftmax(graph.softened(graph.teacher));
    const student = graph.logSoftmax(graph.softened(graph.student));
    return graph.sumOverClasses(b.add('Mul', [b.add('Exp', [teacher]), b.add('Sub', [teacher, student])]));
  },
};
