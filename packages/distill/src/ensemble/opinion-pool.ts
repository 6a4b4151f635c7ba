import type { EnsembleSpec } from '@retort/contracts';
import { logNormalize, logSum, logSumAt } from './log-space.js';
import type { MappedAnswers } from './mapped-answers.js';

/** log p of each teacher for one text: `[teachers][classes]`. */
export type RowAnswers = readonly Float64Array[];

/**
 * Takes weighted means of distributions (opinion pools; Genest & Zidek 1986):
 *
 *   probabilities:  p(c) ∝ Σ_k w_k(c) · p_k(c)          logits:  log p(c) = Σ_k w_k(c) · log p_k(c) + const
 *
 * with the weights of every class normalised over the teachers, Σ_k w_k(c) = 1. They come as logarithms, `[teachers, classes]`, up to a
 * constant for each class; -Infinity is a weight of 0.
 */
export class OpinionPool {
  readonly #combine: EnsembleSpec['combine'];
  readonly #complete: number[];
  readonly #partial: { teacher: number; known: Int32Array; unknown: number[] }[];
  readonly #all: number[];
  readonly #reference: Float64Array;

  constructor(combine: EnsembleSpec['combine'], teachers: readonly MappedAnswers[], classes: number) {
    this.#combine = combine;
    this.#all = [...teachers.keys()];
    this.#complete = this.#all.filter((k) => teachers[k].complete);
    this.#partial = this.#all
      .filter((k) => !teachers[k].complete)
      .map((teacher) => {
        const known = new Set(teachers[teacher].known);
        const unknown = Array.from({ length: classes }, (_, c) => c).filter((c) => !known.has(c));
        return { teacher, known: teachers[teacher].known, unknown };
      });
    this.#reference = new Float64Array(classes);
  }

  /** The pool r of the teachers that know every class. */
  reference(answers: RowAnswers, logWeights: Float64Array, into: Float64Array): void {
    this.#mean(this.#complete, answers, logWeights, into);
  }

  /**
   * Fills in what a teacher that knows only the classes K says nothing of, from the pool r of those that know all:
   *
   *   p̃(c) = r(K) · p(c) for c in K,   p̃(c) = r(c) for the others
   *
   * (Jeffrey conditioning on K). So its p counts for how likely the classes of K are against each other, and for nothing else: in a mean of
   * probabilities the others come out as if it had a weight of 0 for them, and K keeps its mass r(K).
   */
  complete(answers: RowAnswers, logWeights: Float64Array): void {
    if (this.#partial.length === 0) return;
    this.reference(answers, logWeights, this.#reference);
    for (const { teacher, known, unknown } of this.#partial) {
      const mass = logSumAt(this.#reference, known);
      for (const c of known) answers[teacher][c] += mass;
      for (const c of unknown) answers[teacher][c] = this.#reference[c];
    }
  }

  /** The pool of all teachers; the answers must be complete. Writes log p, `[classes]`. */
  all(answers: RowAnswers, logWeights: Float64Array, into: Float64Array): void {
    this.#mean(this.#all, answers, logWeights, into);
  }

  #mean(teachers: readonly number[], answers: RowAnswers, logWeights: Float64Array, into: Float64Array): void {
    const classes = into.length;
    const weights = new Float64Array(teachers.length);
    const terms = new Float64Array(teachers.length);
    for (let c = 0; c < classes; c++) {
      for (const [i, k] of teachers.entries()) weights[i] = logWeights[k * classes + c];
      logNormalize(weights);
      if (this.#combine === 'probabilities') {
        for (const [i, k] of teachers.entries()) terms[i] = weights[i] + answers[k][c];
        into[c] = logSum(terms);
      } else {
        into[c] = teachers.reduce((sum, k, i) => sum + Math.exp(weights[i]) * answers[k][c], 0);
      }
    }
    logNormalize(into);
  }
}
