import type { WeightingSpec } from '@retort/contracts';
import type { MappedAnswers } from './mapped-answers.js';
import type { Scores, ScoringContext } from './scores.js';

const SMOOTHING = 5;

/** How good a teacher is at a class, the same for every text: its smoothed F1 on the validation rows (see {@link classSkill}). */
export function skillScores(
  { smoothing = SMOOTHING }: Pick<WeightingSpec, 'smoothing'>,
  { teachers, classes, validation }: Pick<ScoringContext, 'teachers' | 'classes' | 'validation'>,
): Scores {
  const skills = teachers.map((teacher) => classSkill(teacher, validation, classes, smoothing));
  return (_, into) => {
    for (const [k, skill] of skills.entries()) into.set(skill, k * classes);
  };
}

/**
 * F1 of every class, drawn towards the accuracy a of the teacher where rows are few: with s more imagined rows of the class, of which
 * the share a is answered right and as many others are taken for it as are missed,
 *
 *   F1(c) = (2·TP + 2·s·a) / (2·TP + FP + FN + 2·s),   a = (right + 1) / (rows + 2)
 *
 * Only rows whose label the teacher knows are counted: what it answers for others is taken from the other teachers. A class that it
 * does not know gets a.
 *
 * @returns `[classes]`, each within (0, 1)
 */
function classSkill(
  teacher: MappedAnswers,
  { rows, labels }: ScoringContext['validation'],
  classes: number,
  smoothing: number,
): Float64Array {
  const known = new Set(teacher.known);
  const scratch = new Float64Array(classes);
  const hits = new Float64Array(classes);
  const misses = new Float64Array(classes); // FP + FN
  let right = 0;
  let counted = 0;
  for (const [i, row] of rows.entries()) {
    const label = labels[i];
    if (!known.has(label)) continue;
    const answer = teacher.answer(row, scratch);
    counted++;
    if (answer === label) {
      right++;
      hits[label]++;
    } else {
      misses[label]++;
      misses[answer]++;
    }
  }
  const accuracy = (right + 1) / (counted + 2);
  return hits.map((tp, c) => (2 * tp + 2 * smoothing * accuracy) / (2 * tp + misses[c] + 2 * smoothing));
}
