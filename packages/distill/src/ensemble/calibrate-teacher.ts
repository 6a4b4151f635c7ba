import { fitTemperature } from '@retort/learn';
import type { MappedAnswers } from './mapped-answers.js';
import type { ScoringContext } from './scores.js';

/**
 * The temperature at which a teacher's confidence fits how often it is right on the validation rows whose label it knows; 1 where there
 * is none.
 *
 * A good teacher may be right on all of a few rows, and would then be made certain of everything: no softness would be left to learn
 * from. So two rows are imagined besides, of the median margin, one answered right and one where the runner-up is right (Laplace's rule:
 * accuracy (right + 1) / (rows + 2)).
 */
export function teacherTemperature(
  teacher: MappedAnswers,
  { rows, labels }: ScoringContext['validation'],
  classes: number,
): number {
  const { known } = teacher;
  const place = new Map(Array.from(known, (c, i) => [c, i]));
  const scratch = new Float64Array(classes);
  const logits: number[] = [];
  const targets: number[] = [];
  const tops: { margin: number; values: number[]; best: number; second: number }[] = [];
  for (const [i, row] of rows.entries()) {
    const target = place.get(labels[i]);
    if (target === undefined) continue;
    teacher.row(row, scratch);
    const values = Array.from(known, (c) => scratch[c]);
    logits.push(...values);
    targets.push(target);
    const [best, second] = [...values.keys()].sort((a, b) => values[b] - values[a] || a - b);
    tops.push({ margin: values[best] - values[second], values, best, second });
  }
  if (tops.length === 0) return 1;
  const median = tops.sort((a, b) => a.margin - b.margin)[tops.length >> 1];
  for (const target of [median.best, median.second]) {
    logits.push(...median.values);
    targets.push(target);
  }
  return fitTemperature(Float32Array.from(logits), Int32Array.from(targets), known.length);
}
