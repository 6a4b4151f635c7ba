import type { DistSpec } from '@retort/contracts';
import type { LossGraph } from '../loss-graph.js';
import type { Divergence } from './divergence.js';

/** Those of the authors' code. */
export const DIST_DEFAULTS: DistSpec = { inter: 1, intra: 1 };

/**
 * Added to each variance, in squares of the mean probability 1/C: deviations below a thousandth of it count as none. Probabilities that are all
 * alike have no correlation, and without this a gradient made of their rounding.
 */
const LEAST_VARIANCE = 1e-6;

/**
 * DIST (Huang et al. 2022): the student is to rank as the teacher does, not to repeat its numbers. With p = softmax(t/T),
 * q = softmax(z/T) and Pearson's correlation ρ:
 *
 *     inter · (1 - ρ over the classes of the row) + intra · mean over classes of (1 - ρ over the rows of the batch)
 *
 * The second part is one value for the whole batch; where rows have weights, its means are by them. It needs a batch of two rows at least:
 * of one it is constant.
 *
 * ρ knows no scale, so its gradient does not shrink with T: for large T it is that of ρ of the logits themselves. T² does not apply.
 * (The authors' code multiplies by T²; at its T = 1 that is the same.)
 */
export function dist({ inter, intra }: DistSpec): Divergence {
  return {
    timesSquaredTemperature: false,
    perRow(graph) {
      const { b } = graph;
      const softmax = (logits: string) => b.add('Softmax', [graph.softened(logits)], { attributes: { axis: 1 } });
      const [p, q] = [softmax(graph.teacher), softmax(graph.student)];
      const terms: string[] = [];
      if (inter > 0) {
        const rho = pearson(graph, p, q, (value) => graph.meanOverClasses(value));
        terms.push(graph.scale(graph.sumOverClasses(b.add('Sub', [graph.scalar(1), rho])), inter));
      }
      if (intra > 0) {
        const rho = pearson(graph, p, q, (value) => graph.meanOverRows(value));
        const sum = graph.sumOverClasses(b.add('Sub', [graph.scalar(1), rho]));
        terms.push(graph.scale(sum, intra / graph.classes));
      }
      return terms.length > 1 ? b.add('Add', terms) : (terms[0] ?? graph.scalar(0));
    },
  };
}

/** cov(x, y) / √(var x · var y), all of them `mean`s, which keeps its axis. */
function pearson(graph: LossGraph, x: string, y: string, mean: (value: string) => string): string {
  const { b } = graph;
  const centred = (value: string) => b.add('Sub', [value, mean(value)]);
  const [dx, dy] = [centred(x), centred(y)];
  const least = graph.scalar(LEAST_VARIANCE / graph.classes ** 2);
  const deviation = (d: string) => b.add('Sqrt', [b.add('Add', [mean(b.add('Mul', [d, d])), least])]);
  return b.add('Div', [mean(b.add('Mul', [dx, dy])), b.add('Mul', [deviation(dx), deviation(dy)])]);
}
