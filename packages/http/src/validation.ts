import { type FieldProblem, RetortError } from '@retort/contracts';
import { Ajv, type ErrorObject, type Options } from 'ajv';
import addFormats from 'ajv-formats';
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';

const OPTIONS: Options = {
  useDefaults: true,
  removeAdditional: false,
  strict: true,
  strictTypes: false,
  allowUnionTypes: true,
};

function createAjv(options: Options): Ajv {
  const ajv = new Ajv({ ...OPTIONS, ...options });
  addFormats.default(ajv);
  return ajv;
}

// Queries, paths and headers are strings, so numbers are read out of them; a JSON body means what it says.
const strings = createAjv({ coerceTypes: true, allErrors: false });
const bodies = createAjv({ coerceTypes: false, allErrors: false });
const thorough = createAjv({ coerceTypes: false, allErrors: true });

/**
 * A check of values against `schema` that finds every problem, for bodies small enough that this costs nothing.
 * Defaults are filled into the value.
 */
export function compileCheck(schema: TSchema): (value: unknown) => FieldProblem[] {
  const validate = thorough.compile(schema);
  return (value) => (validate(value) ? [] : toProblems(validate.errors ?? []));
}

/** The validator of all routes. It stops at the first problem, so that a hostile body cannot make it find a million. */
const compileForRoute: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  // What strings were turned into is checked once more: Ajv reads `1e309` as an infinite integer and lets it pass.
  const checks = httpPart === 'body' ? [bodies.compile(schema)] : [strings.compile(schema), bodies.compile(schema)];
  const where = httpPart === 'querystring' ? 'query' : (httpPart ?? 'body');
  return (value: unknown) => {
    const failed = checks.find((validate) => !validate(value));
    return failed === undefined ? { value } : { error: invalidFields(toProblems(failed.errors ?? []), where) };
  };
};

/** Lets a route see its body unchecked, as it came: for streams, and for bodies that the handler checks whole. */
export const uncheckedBody: FastifySchemaCompiler<TSchema> = (context) =>
  context.httpPart === 'body' ? (value: unknown) => ({ value }) : compileForRoute(context);

/** `RT_INVALID_FIELD` that names every problem; `where` is `body`, `query`, `params` or `headers`. */
export function invalidFields(problems: FieldProblem[], where = 'body'): RetortError {
  const named = problems.slice(0, 10).map(({ path, message }) => `${where}${path} ${message}`);
  return new RetortError('RT_INVALID_FIELD', `${named.join('; ')}.`, { problems });
}

export function validateRequests(app: FastifyInstance): void {
  app.setValidatorCompiler(compileForRoute);
  // Our errors are complete already; Fastify would wrap a plain list of findings in its own words.
  app.setSchemaErrorFormatter((errors) => errors as unknown as Error);
}

function toProblems(errors: ErrorObject[]): FieldProblem[] {
  return errors.filter(({ keyword }) => keyword !== 'if').map(toProblem);
}

function toProblem({ instancePath, keyword, message, params }: ErrorObject): FieldProblem {
  switch (keyword) {
    case 'required':
      return { path: pointer(instancePath, params.missingProperty), message: 'is required' };
    case 'additionalProperties':
      return { path: pointer(instancePath, params.additionalProperty), message: 'is not a known field' };
    case 'enum':
      return { path: pointer(instancePath), message: `must be one of ${params.allowedValues.join(', ')}` };
    case 'const':
      return { path: pointer(instancePath), message: `must be ${JSON.stringify(params.allowedValue)}` };
    default:
      return { path: pointer(instancePath), message: message ?? 'is not valid' };
  }
}

/** Longest name of a field that an answer repeats: it is the caller's own text. */
const LONGEST_POINTER = 200;

function pointer(instancePath: string, property?: string): string {
  const escaped = property === undefined ? '' : `/${property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const path = `${instancePath}${escaped}`;
  return (path.length > LONGEST_POINTER ? `${path.slice(0, LONGEST_POINTER)}…` : path).toWellFormed() || '/';
}
