import { type FieldProblem, RetortError } from '@retort/contracts';

/** `RT_INVALID_SPEC` whose detail lists the problems in one readable sentence. */
export function invalidSpec(problems: FieldProblem[]): RetortError {
  const detail = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return new RetortError('RT_INVALID_SPEC', `The spec has ${problems.length} problem(s). ${detail}.`, { problems });
}
