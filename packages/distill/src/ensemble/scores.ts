import type { MappedAnswers } from './mapped-answers.js';
import type { OpinionPool, RowAnswers } from './opinion-pool.js';

/** Writes the score of every teacher for one text, 0..1, into `into`: `[teachers, classes]`. The answers may be incomplete. */
export type Scores = (answers: RowAnswers, into: Float64Array) => void;

/** What scores are made from, besides a text's answers. */
export interface ScoringContext {
  teachers: readonly MappedAnswers[];
  classes: number;
  pool: OpinionPool;
  /** log of the weights that the spec gives, `[teachers, classes]`. */
  logPrior: Float64Array;
  /** Validation rows and the class of each, -1 where unlabelled. */
  validation: { rows: Int32Array; labels: Int32Array };
}
