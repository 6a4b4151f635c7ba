import type { DistillationSpec, FieldProblem } from '@retort/contracts';
import { Value } from 'typebox/value';
import { type DatasetShape, inScope } from '../dataset/dataset-shape.js';
import { STAND_IN } from './auto-candidates.js';
import { type ResolveSpec, sampleSpec } from './sample-spec.js';
import { spaceProblems } from './search-space.js';

/**
 * What is wrong with the search that a spec asks for. A space of which only some points are legal is fine: others are drawn.
 *
 * @param resolve `resolveSpec`, which calls this
 */
export function searchProblems(spec: DistillationSpec, resolve: ResolveSpec): FieldProblem[] {
  const { sweep, auto, student } = spec;
  if (auto !== undefined) {
    return [
      ...(sweep === undefined
        ? []
        : [{ path: '/sweep', message: 'cannot go with student "auto": search the fields of a student that is named' }]),
      ...(Value.Equal(student, STAND_IN)
        ? []
        : [{ path: '/student', message: 'is chosen by "auto": leave it out, or leave out auto' }]),
    ];
  }
  if (sweep === undefined) return [];
  const problems = spaceProblems(sweep, student.family);
  if (problems.length > 0) return problems;
  const sampled = sampleSpec(spec, 0, resolve);
  if (!Array.isArray(sampled)) return [];
  return sampled.map(({ path, message }) => ({
    path,
    message: `${message}; so it is at every point of /sweep/space that was tried: change its ranges`,
  }));
}

/** What a dataset lacks for a search: trials are compared by their answers to labelled validation rows. */
export function searchDatasetProblems(
  { sweep, auto }: Pick<DistillationSpec, 'sweep' | 'auto'>,
  shape: DatasetShape,
): FieldProblem[] {
  const { rows, labelled } = inScope(shape, undefined);
  if (sweep === undefined && auto === undefined) return [];
  // Without a split of its own, validation takes its rows from the labelled training rows.
  if (labelled.valid > 0 || (rows.valid === 0 && labelled.train > 0)) return [];
  return [{ path: '/dataset', message: 'has no labelled row to validate on, which a search compares its trials by' }];
}
