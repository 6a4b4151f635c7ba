import type { DistillationSpec, FieldProblem } from '@retort/contracts';

/** What of the spec is a problem of a candidate, told by {@link candidateProblems} in the words of its student's family. */
const OF_CANDIDATE = /^\/auto\/candidates\/\d+\/(student|training)(\/|$)/;
const OWN = /^\/(student|training)(\/|$)/;

/** Whether the schema of the whole spec, which knows all families at once, is to say nothing of it. */
export const isOfCandidate = ({ path }: FieldProblem): boolean => OF_CANDIDATE.test(path);

/** What is wrong with the candidates of `auto` by themselves and with the rest of the spec; the paths are into the whole spec. */
export function candidateProblems(spec: unknown, problemsOf: (spec: unknown) => FieldProblem[]): FieldProblem[] {
  const { auto, ...rest } = (spec ?? {}) as Partial<DistillationSpec>;
  const candidates: unknown = auto?.candidates;
  if (!Array.isArray(candidates)) return [];
  const keyOf = ({ path, message }: FieldProblem) => `${path} ${message}`;
  const ofAll = new Set(problemsOf(rest).map(keyOf));
  return candidates.flatMap((candidate: unknown, i) => {
    if (typeof candidate !== 'object' || candidate === null) return [];
    const { student, training } = candidate as Partial<DistillationSpec>;
    const own = problemsOf({ ...rest, student, training }).filter((problem) => !ofAll.has(keyOf(problem)));
    return own.map((problem) => ofCandidate(i, problem));
  });
}

/** A problem of the spec that a candidate of `auto` makes, told of the candidate. */
export function ofCandidate(index: number, { path, message }: FieldProblem): FieldProblem {
  const candidate = `/auto/candidates/${index}`;
  if (OWN.test(path)) return { path: `${candidate}${path}`, message };
  return { path: `${candidate}/student`, message: `does not go with ${path}, which ${message}` };
}
