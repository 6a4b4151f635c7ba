import type { Scores, ScoringContext } from './scores.js';

/**
 * How near a teacher is to the others on a text: Σ_c min(p_k(c), m_k(c)) = 1 - total variation, m_k the mean of the others'
 * probabilities, weighted as the spec says. 1 where it says the same as they do, 0 where they share nothing.
 *
 * Teachers that do not know every class are compared by what {@link OpinionPool.complete} makes of them.
 */
export function agreementScores({ teachers, classes, pool, logPrior }: ScoringContext): Scores {
  const scratch = teachers.map(() => new Float64Array(classes));
  const prior = teachers.map((_, k) => Math.exp(logPrior[k * classes]));
  const total = prior.reduce((sum, weight) => sum + weight, 0);
  return (answers, into) => {
    for (const [k, answer] of answers.entries()) scratch[k].set(answer);
    pool.complete(scratch, logPrior);
    const scores = new Float64Array(teachers.length);
    for (let c = 0; c < classes; c++) {
      const p = scratch.map((answer) => Math.exp(answer[c]));
      const sum = p.reduce((mean, value, k) => mean + prior[k] * value, 0);
      for (const [k, value] of p.entries()) {
        const others = total - prior[k];
        // Nobody else counts: it agrees with all of them.
        scores[k] += Math.min(value, others > 0 ? (sum - prior[k] * value) / others : value);
      }
    }
    for (const [k, score] of scores.entries()) into.fill(score, k * classes, (k + 1) * classes);
  };
}
