import type { DistillationSpec, FieldProblem } from '@retort/contracts';
import { ofCandidate } from '../sweep/candidate-problems.js';
import { planSearch } from './search-plan.js';

/** Where problems of a submission lie that are of its spec. What is of the data or the teacher is so for every candidate. */
const SPEC = '/spec';

/**
 * What is wrong with a spec for its data and teachers, the candidates of its search included: a trial that fails by it would end the job
 * after everything was labelled. Of a list of candidates all problems are told, of a sweep the first.
 *
 * @param problemsOf one spec, whatever it searches, with paths into the submission
 */
export function plannedProblems(
  spec: DistillationSpec,
  problemsOf: (spec: DistillationSpec) => FieldProblem[],
): FieldProblem[] {
  const ofAll = problemsOf(spec);
  const keyOf = ({ path, message }: FieldProblem) => `${path} ${message}`;
  const known = new Set(ofAll.map(keyOf));
  const { method, candidates = [] } = planSearch(spec) ?? {};
  const found: FieldProblem[] = [];
  for (const { index, spec: candidate, varied } of candidates) {
    const own = problemsOf(candidate).filter((one) => one.path.startsWith(`${SPEC}/`) && !known.has(keyOf(one)));
    const within = own.map(({ path, message }) => ({ path: path.slice(SPEC.length), message }));
    if (method === 'auto') {
      found.push(
        ...within.map((one) => ofCandidate(index, one)).map((one) => ({ ...one, path: `${SPEC}${one.path}` })),
      );
    } else if (within.length > 0) {
      const [{ path, message }] = within;
      found.push({
        path: `${SPEC}/sweep/space`,
        message: `has the point ${JSON.stringify(varied)}, whose ${path} ${message}`,
      });
      break;
    }
  }
  return [...ofAll, ...found];
}
