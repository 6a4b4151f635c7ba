import { type FieldProblem, RetortError } from '@retort/contracts';
import type { DatasetCounts } from '@retort/contracts/http';
import type { DatasetShape } from '@retort/distill';
import type { Submission } from '@retort/platform';

/** A job whose parts fit each other. */
export type Checked = Omit<Submission, 'shardRows' | 'idempotencyKey' | 'idempotencyDigest'>;

/** What `resolve` makes of a submission's spec; undefined where it is wrong, with what is wrong added to `problems`. */
export function specOrProblems<Spec>(resolve: () => Spec, problems: FieldProblem[]): Spec | undefined {
  try {
    return resolve();
  } catch (error) {
    if (!(error instanceof RetortError) || error.code !== 'RT_INVALID_SPEC') throw error;
    problems.push(
      ...error.problems.map(({ path, message }) => ({ path: `/spec${path === '/' ? '' : path}`, message })),
    );
    return undefined;
  }
}

/** The dataset's counts, as it was taken in with them. */
export function shapeOf({ counts }: { counts: unknown }): DatasetShape {
  const { splits: rows, labels } = counts as DatasetCounts;
  return { rows, labels };
}
