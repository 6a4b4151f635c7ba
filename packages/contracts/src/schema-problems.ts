import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { FieldProblem } from './errors.js';

/**
 * What a value has against its schema, in words: one problem per finding, its path a JSON pointer into the value (`/` for the value itself).
 *
 * @param unknownField what is said of a field that the schema does not have
 */
export function schemaProblems(schema: TSchema, value: unknown, unknownField: string): FieldProblem[] {
  return (
    Value.Errors(schema, value)
      // An unknown field is reported at its own path, as not matching the schema `false`, and once more at its parent.
      .filter(({ keyword }) => keyword !== 'additionalProperties')
      .map((error) => ({ path: error.instancePath || '/', message: messageOf(error, unknownField) }))
  );
}

function messageOf(error: ReturnType<typeof Value.Errors>[number], unknownField: string): string {
  if (error.keyword === 'boolean') return unknownField;
  if (error.keyword === 'enum') return `must be one of ${error.params.allowedValues.join(', ')}`;
  return error.message;
}
