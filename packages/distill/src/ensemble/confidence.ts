import type { WeightingSpec } from '@retort/contracts';
import type { Scores, ScoringContext } from './scores.js';

/**
 * How sure a teacher is of a text: max_c p(c), or 1 - H(p) / log n over the n classes that it knows (1 for certainty, 0 for a uniform
 * answer). Comparable between teachers only where their probabilities are: calibrate them.
 */
export function confidenceScores(
  { measure = 'max-probability' }: Pick<WeightingSpec, 'measure'>,
  { teachers, classes }: Pick<ScoringContext, 'teachers' | 'classes'>,
): Scores {
  const score = measure === 'entropy' ? certainty : largest;
  return (answers, into) => {
    for (const [k, { known }] of teachers.entries()) {
      into.fill(score(answers[k], known), k * classes, (k + 1) * classes);
    }
  };
}

function largest(logProbabilities: Float64Array, known: Int32Array): number {
  let high = Number.NEGATIVE_INFINITY;
  for (const c of known) high = Math.max(high, logProbabilities[c]);
  return Math.exp(high);
}

function certainty(logProbabilities: Float64Array, known: Int32Array): number {
  let entropy = 0;
  for (const c of known) {
    const p = Math.exp(logProbabilities[c]);
    if (p > 0) entropy -= p * logProbabilities[c];
  }
  return 1 - entropy / Math.log(known.length);
}
