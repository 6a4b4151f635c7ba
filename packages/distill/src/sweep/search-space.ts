import { DistillationSpec, type FieldProblem, type SweepRange, type SweepSpec } from '@retort/contracts';
import type { Random } from '@retort/learn';
import type { TSchema } from 'typebox';
import { keysOf } from './json-pointer.js';

/** What is varied in one trial: the value by JSON pointer. */
export type Point = Record<string, unknown>;

/** Digits of a drawn number: more would only make specs hard to read. */
const DIGITS = 4;

/** What the schemas of sections have in common, as far as a field is looked up in them. */
type Node = TSchema & { properties?: Record<string, Node>; anyOf?: Node[]; const?: unknown; type?: string };

/**
 * The schema of the field at a pointer into a spec.
 *
 * @param family of the student, whose fields `/student/…` are
 * @returns undefined where a spec has no such field
 */
function fieldAt(pointer: string, family: string): Node | undefined {
  const [section, ...keys] = keysOf(pointer);
  const properties = DistillationSpec.properties as Record<string, Node>;
  const schema = Object.hasOwn(properties, section) ? properties[section] : undefined;
  if (schema === undefined) return undefined;
  const { anyOf = [] } = schema;
  const student = section === 'student' ? anyOf.find(({ properties }) => properties?.family?.const === family) : schema;
  return student && descend(student, keys);
}

function descend(schema: Node, keys: string[]): Node | undefined {
  if (keys.length === 0) return schema;
  const [key, ...rest] = keys;
  for (const { properties = {} } of schema.anyOf ?? [schema]) {
    const found = Object.hasOwn(properties, key) ? descend(properties[key], rest) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Fields of the transfer set that are read when a trial takes its rows; by all others the texts are generated, once for all trials. */
const OF_SELECTION = ['multiply', 'minConfidence', 'keepLabels'].map((field) => `/transferSet/${field}`);

const NUMBERS = new Set(['number', 'integer']);

/** What is wrong with a search space, before any point of it is drawn. */
export function spaceProblems({ space }: SweepSpec, family: string): FieldProblem[] {
  return Object.entries(space).flatMap(([pointer, range]) => {
    const message = rangeProblem(pointer, range, family);
    const path = `/sweep/space/${pointer.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    return message === undefined ? [] : [{ path, message }];
  });
}

function rangeProblem(pointer: string, range: SweepRange, family: string): string | undefined {
  if (pointer === '/student/family')
    return 'cannot be searched, since each family has other fields: use student "auto"';
  if (/^\/(sweep|auto)\//.test(pointer)) return 'is of the search itself, which cannot be searched';
  const field = fieldAt(pointer, family);
  if (field === undefined) return `is not a field of the spec of this student (${family})`;
  if (pointer.startsWith('/transferSet/') && !OF_SELECTION.includes(pointer)) {
    return `decides which texts are generated, which is done once for all trials: of a transfer set only ${OF_SELECTION.join(', ')} can be searched`;
  }
  if ('values' in range) return undefined;
  const { min, max, scale } = range;
  if (!NUMBERS.has(field.type ?? '')) return 'is not a number: name its values, as {"values": […]}';
  if (min >= max) return `needs min below max, got ${min} and ${max}`;
  if (scale === 'log' && min <= 0) return `needs min above 0 for a logarithmic scale, got ${min}`;
  if (field.type === 'integer' && Math.ceil(min) > Math.floor(max)) {
    return `is a whole number, and none lies between ${min} and ${max}`;
  }
  return undefined;
}

/** One point of the space, uniform in every field (in its logarithm where the range says so). */
export function drawPoint({ space }: SweepSpec, family: string, random: Random): Point {
  // By name, so that the order in which a caller wrote the fields does not change what is drawn.
  const ranges = Object.entries(space).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    ranges.map(([pointer, range]) => [pointer, drawValue(range, fieldAt(pointer, family)?.type === 'integer', random)]),
  );
}

function drawValue(range: SweepRange, whole: boolean, random: Random): unknown {
  if ('values' in range) return range.values[random.below(range.values.length)];
  const { scale } = range;
  const min = whole ? Math.ceil(range.min) : range.min;
  const max = whole ? Math.floor(range.max) : range.max;
  if (whole && scale !== 'log') return min + random.below(max - min + 1);
  const u = random.uniform();
  const drawn = scale === 'log' ? min * (max / min) ** u : min + u * (max - min);
  const rounded = whole ? Math.round(drawn) : Number(drawn.toPrecision(DIGITS));
  return Math.min(max, Math.max(min, rounded));
}
