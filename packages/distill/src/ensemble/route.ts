import { logSumAt } from './log-space.js';
import type { OpinionPool, RowAnswers } from './opinion-pool.js';

/** A group of classes, and the teacher that decides between them. */
export interface Route {
  teacher: number;
  classes: Int32Array;
}

/** The routes of a spec, as indexes into the student's labels. */
export function routesOf(routes: readonly (readonly string[] | null)[], labels: readonly string[]): Route[] {
  return routes.flatMap((group, teacher) =>
    group === null ? [] : [{ teacher, classes: Int32Array.from(group, (label) => labels.indexOf(label)) }],
  );
}

/**
 * Lets the teacher t(G) of every group G decide within it, by the chain rule:
 *
 *   p(c) = r(G) · p_t(G)(c | G),   r the pool of the teachers that know every class
 *
 * The group itself is never chosen hard, and never by a specialist: a softmax over its own labels says how sure it is between them, not
 * whether the text is one of them.
 *
 * @param logWeights of the gate r, `[teachers, classes]`. @param into `[classes]`, becomes log p
 */
export function routed(
  routes: readonly Route[],
  pool: OpinionPool,
  answers: RowAnswers,
  logWeights: Float64Array,
  into: Float64Array,
): void {
  pool.reference(answers, logWeights, into);
  for (const { teacher, classes } of routes) {
    const shift = logSumAt(into, classes) - logSumAt(answers[teacher], classes);
    for (const c of classes) into[c] = answers[teacher][c] + shift;
  }
}
