import type { EnsembleSpec } from '@retort/contracts';
import { agreementScores } from './agreement.js';
import { confidenceScores } from './confidence.js';
import type { RowAnswers } from './opinion-pool.js';
import type { Scores, ScoringContext } from './scores.js';
import { skillScores } from './skill.js';

const SHARPNESS = 5;

/**
 * Writes the logarithms of every teacher's weights for one text: log π_k + γ · score_k(c), π the weights that the spec gives and γ its
 * sharpness. A softmax over the teachers (in the pool) makes them sum to 1.
 */
export type Weights = (answers: RowAnswers, into: Float64Array) => void;

/** The weights that a spec asks for. `fixed`, and the gate of `route`, are π alone. */
export function weightsOf({ weighting }: Pick<EnsembleSpec, 'weighting'>, context: ScoringContext): Weights {
  const { logPrior } = context;
  const scores = scoresOf(weighting, context);
  if (scores === undefined) return (_, into) => into.set(logPrior);
  const { sharpness = SHARPNESS } = weighting;
  return (answers, into) => {
    scores(answers, into);
    for (let i = 0; i < into.length; i++) into[i] = logPrior[i] + sharpness * into[i];
  };
}

function scoresOf(weighting: EnsembleSpec['weighting'], context: ScoringContext): Scores | undefined {
  switch (weighting.by) {
    case 'confidence':
      return confidenceScores(weighting, context);
    case 'skill':
      return skillScores(weighting, context);
    case 'agreement':
      return agreementScores(context);
    case 'fixed':
    case 'route':
      return undefined;
  }
}
