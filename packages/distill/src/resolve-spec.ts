import { DistillationSpec, type DistillationSpecInput, type FieldProblem, RetortError } from '@retort/contracts';
import { Value } from 'typebox/value';

/**
 * Fills a user's spec with the defaults and checks it whole.
 *
 * @throws RetortError `RT_INVALID_SPEC` with one {@link FieldProblem} per finding, its path a JSON pointer into the spec.
 */
export function resolveSpec(input: DistillationSpecInput | unknown = {}): DistillationSpec {
  const spec = Value.Default(DistillationSpec, withSections(Value.Clone(input)));
  const problems: FieldProblem[] = Value.Check(DistillationSpec, spec)
    ? crossFieldProblems(spec)
    : Value.Errors(DistillationSpec, spec)
        // An unknown field is reported at its own path, as not matching the schema `false`, and once more at its parent.
        .filter(({ keyword }) => keyword !== 'additionalProperties')
        .map(({ keyword, instancePath, message }) => ({
          path: instancePath || '/',
          message: keyword === 'boolean' ? 'is not a field of the spec' : message,
        }));
  if (problems.length > 0) throw invalidSpec(problems);
  return spec as DistillationSpec;
}

/** `RT_INVALID_SPEC` whose detail lists the problems in one readable sentence. */
export function invalidSpec(problems: FieldProblem[]): RetortError {
  const detail = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return new RetortError('RT_INVALID_SPEC', `The spec has ${problems.length} problem(s). ${detail}.`, { problems });
}

/** Sections that were left out become empty objects, so that their fields get defaults. */
function withSections(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  const given = input as DistillationSpecInput;
  return {
    ...given,
    student: { family: 'static', ...given.student },
    loss: given.loss ?? {},
    training: given.training ?? {},
  };
}

function crossFieldProblems({ student }: DistillationSpec): FieldProblem[] {
  if (student.minGram <= student.maxGram) return [];
  return [
    { path: '/student/minGram', message: `must be at most maxGram (${student.maxGram}), got ${student.minGram}` },
  ];
}
