import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type FieldProblem, RetortError } from '@retort/contracts';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { Variables } from './variables.js';

type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<Camel<Tail>>}`
  : Lowercase<Name>;

/** The environment, validated, under camel-case names (`JOB_LOCK_MS` → `jobLockMs`); paths are absolute. */
export type Config = { [Name in keyof Variables as Camel<Name>]: Variables[Name] } & {
  /** Always set: `file:///…`. */
  artifactsUrl: string;
};

/** One row of the README's table of variables. */
export interface VariableDescription {
  name: string;
  type: string;
  /** As one would write it in the environment; undefined when the variable may be left unset. */
  default: string | undefined;
  description: string;
}

interface AnySchema {
  type?: string;
  enum?: readonly string[];
  default?: unknown;
  description?: string;
}

const schemas = Object.entries(Variables.properties) as [string, TSchema & AnySchema][];

const TYPE_NAMES: Record<string, string> = { integer: 'integer', array: 'paths', boolean: 'on \\| off' };

/** Every variable with its type, default and meaning, in the order of the schema. */
export function listVariables(): VariableDescription[] {
  return schemas.map(([name, schema]) => ({
    name,
    type: schema.enum ? schema.enum.join(' \\| ') : (TYPE_NAMES[schema.type ?? 'string'] ?? 'string'),
    default: render(schema.default),
    description: schema.description ?? '',
  }));
}

function render(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return Array.isArray(value) ? value.join(delimiter) : String(value);
}

/**
 * Reads and validates the environment.
 *
 * An empty value counts as unset. Relative folders are taken from `cwd`.
 *
 * @throws RetortError `RT_INVALID_FIELD` naming every variable that cannot be used and why. Values are not repeated,
 * since some hold passwords.
 */
export function loadConfig(env: Record<string, string | undefined>, cwd: string = process.cwd()): Config {
  const values: Record<string, unknown> = {};
  for (const [name, schema] of schemas) {
    const text = env[name];
    const value = text === undefined || text === '' ? structuredClone(schema.default) : parse(schema, text);
    if (value !== undefined) values[name] = value;
  }
  const problems = findProblems(values);
  if (problems.length > 0) {
    const list = problems.map(({ path, message }) => `${path.slice(1)} ${message}`).join('; ');
    throw new RetortError('RT_INVALID_FIELD', `Environment variable ${list}.`, { problems });
  }
  return finish(values as Variables, cwd);
}

const BOOLEANS = new Map([
  ['on', true],
  ['true', true],
  ['1', true],
  ['off', false],
  ['false', false],
  ['0', false],
]);

function parse(schema: AnySchema, text: string): unknown {
  if (schema.type === 'integer') return /^[+-]?\d+$/.test(text.trim()) ? Number(text) : text;
  if (schema.type === 'boolean') return BOOLEANS.get(text.trim().toLowerCase()) ?? text;
  if (schema.type === 'array') return text.split(delimiter).filter((part) => part !== '');
  return text;
}

function findProblems(values: Record<string, unknown>): FieldProblem[] {
  const problems = Value.Errors(Variables, values).map((error) => ({
    path: error.instancePath,
    message: describe(error),
  }));
  for (const name of ['DATABASE_URL', 'REDIS_URL', 'ARTIFACTS_URL']) {
    const url = values[name];
    if (typeof url !== 'string' || problems.some((problem) => problem.path === `/${name}`)) continue;
    try {
      if (name === 'ARTIFACTS_URL') fileURLToPath(url);
      else new URL(url);
    } catch (error) {
      problems.push({ path: `/${name}`, message: `is not a usable URL (${(error as Error).message})` });
    }
  }
  return problems;
}

function describe(error: { keyword: string; message: string; params: object }): string {
  const params = error.params as { pattern?: string | RegExp; allowedValues?: unknown[] };
  if (error.keyword === 'type') {
    const { type } = error.params as { type?: string };
    return `must be ${type === 'boolean' ? 'on or off' : `of type ${type}`}`;
  }
  if (error.keyword === 'pattern') return `must match ${String(params.pattern)}`;
  if (error.keyword === 'enum' && params.allowedValues) return `must be one of ${params.allowedValues.join(', ')}`;
  return error.message;
}

function finish(values: Variables, cwd: string): Config {
  const dataDir = resolve(cwd, values.DATA_DIR);
  const complete = {
    ...values,
    DATA_DIR: dataDir,
    MODEL_ROOTS: values.MODEL_ROOTS.map((root) => resolve(cwd, root)),
    ARTIFACTS_URL: values.ARTIFACTS_URL ?? pathToFileURL(join(dataDir, 'artifacts')).href,
  };
  const camel = (name: string) =>
    name.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(complete).map(([name, value]) => [camel(name), value])) as Config;
}
