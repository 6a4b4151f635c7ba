/**
 * The input with `student: "auto"` and `student: {"family": "auto", "budget": {…}}` in their canonical form: no student, and what was
 * said of it in the section `auto`. Other input is returned as it is.
 */
export function withAutoSection(input: Record<string, unknown>): Record<string, unknown> {
  const { student, ...rest } = input;
  if (student === 'auto') return { ...rest, auto: rest.auto ?? {} };
  if (typeof student !== 'object' || student === null || !('family' in student) || student.family !== 'auto') {
    return input;
  }
  const { family: _, ...said } = student;
  const { auto = {} } = rest;
  return { ...rest, auto: typeof auto === 'object' && auto !== null ? { ...auto, ...said } : auto };
}
