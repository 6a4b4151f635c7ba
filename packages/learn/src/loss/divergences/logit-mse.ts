import type { Divergence } from './divergence.js';

/**
 * Half the mean squared error of the logits (Ba & Caruana 2014), those of a row shifted to a mean of zero:
 *
 *     Σ_c ((z_c - z̄) - (t_c - t̄))² / (2·C)
 *
 * That is what T²·KL(softmax(t/T) ‖ softmax(z/T)) comes to for T → ∞ (Hinton et al. 2015), so λ means the same with both. T has no part in
 * it, nor T². A softmax knows no shift, so neither does this: soft labels that were adjusted come as log-probabilities, whose mean
 * is another than that of the teacher's logits.
 */
export const logitMse: Divergence = {
  timesSquaredTemperature: false,
  perRow(graph) {
    const { b } = graph;
    const difference = b.add('Sub', [graph.student, graph.teacher]);
    const centred = b.add('Sub', [difference, graph.meanOverClasses(difference)]);
    return graph.scale(graph.sumOverClasses(b.add('Mul', [centred, centred])), 1 / (2 * graph.classes));
  },
};
