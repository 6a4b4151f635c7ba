import { isDeepStrictEqual } from 'node:util';
import { type DistillationSpec, type FieldProblem, RetortError } from '@retort/contracts';
import { Random } from '@retort/learn';
import { encoderDefaults } from '../sections/encoder-limits.js';
import { withDivergence } from '../sections/loss-problems.js';
import { valueAt, withValueAt } from './json-pointer.js';
import { drawPoint, type Point } from './search-space.js';

/** A spec with nothing left to be searched, and what was varied to get it. */
export interface Candidate {
  /** 0-based; which other candidates there are does not change it. */
  index: number;
  spec: DistillationSpec;
  varied: Point;
}

export type ResolveSpec = (input: unknown) => DistillationSpec;

/** Points drawn for one candidate until one is legal. */
const DRAWS = 64;

/** Odd, near 2^32 / golden ratio: consecutive indexes get seeds far apart. */
const STRIDE = 0x9e3779b1;

/**
 * The candidate of an index: a point of the search space set into the spec. The same spec and index give the same candidate.
 * A point that makes an illegal spec (heads that do not divide the width, for example) is drawn again.
 *
 * @param resolve `resolveSpec`: handed in, since it calls this for the specs that hold a sweep
 * @returns the problems of the last point where 64 in a row were illegal
 */
export function sampleSpec(spec: DistillationSpec, index: number, resolve: ResolveSpec): Candidate | FieldProblem[] {
  const { sweep, ...base } = spec;
  if (sweep === undefined) throw new RetortError('RT_INTERNAL', 'A spec without a sweep has no points to draw.');
  const random = new Random((sweep.seed ^ Math.imul(index + 1, STRIDE)) >>> 0);
  let problems: FieldProblem[] = [];
  for (let draw = 0; draw < DRAWS; draw++) {
    const varied = drawPoint(sweep, base.student.family, random);
    const legal = legalSpec(atPoint(base, varied), resolve);
    if (!Array.isArray(legal)) return { index, spec: legal, varied };
    problems = legal;
  }
  return problems;
}

/** The resolved spec, or what makes it illegal. */
export function legalSpec(input: unknown, resolve: ResolveSpec): DistillationSpec | FieldProblem[] {
  try {
    return resolve(input);
  } catch (error) {
    if (error instanceof RetortError && error.code === 'RT_INVALID_SPEC') return error.problems;
    throw error;
  }
}

/** Sections of which assistants have what the whole spec has, where they say nothing else. */
const INHERITED = /^\/(loss|training)\//;

/**
 * The spec at a point. An assistant takes part in what is varied of loss and training where it has the value of the whole spec, as it has
 * where it inherited it: its own values stay.
 */
function atPoint(base: DistillationSpec, varied: Point): object {
  const values = Object.entries(varied);
  const point = withValues(withoutDerived(base, varied), values);
  const { assistants } = base.progressive ?? {};
  if (assistants === undefined) return point;
  const inherited = values.filter(([pointer]) => INHERITED.test(pointer));
  const varying = assistants.map((assistant) =>
    withValues(
      assistant,
      inherited.filter(([pointer]) => isDeepStrictEqual(valueAt(assistant, pointer), valueAt(base, pointer))),
    ),
  );
  return withValueAt(point, '/progressive/assistants', varying);
}

/** With the values at their pointers. A divergence that is replaced takes its parameters along, which no other one may have. */
function withValues(spec: Pick<DistillationSpec, 'loss'>, values: readonly [string, unknown][]): object {
  const divergence = values.find(([pointer]) => pointer === '/loss/divergence')?.[1];
  const start = divergence === undefined ? spec : { ...spec, loss: withDivergence(spec.loss, divergence) };
  return values.reduce<object>((point, [pointer, value]) => withValueAt(point, pointer, value), start);
}

/**
 * What an encoder has by its width (heads, the width of the feed-forward) follows a width that is searched, where the spec left it to
 * the default and the point does not name it.
 */
function withoutDerived(spec: DistillationSpec, varied: Point): Pick<DistillationSpec, 'loss'> & { student: object } {
  const { student } = spec;
  if (student.family !== 'encoder' || !Object.hasOwn(varied, '/student/width')) return spec;
  const { heads, intermediate, ...rest } = student;
  const defaults = encoderDefaults(rest).student;
  return {
    ...spec,
    student: {
      ...rest,
      ...(heads === defaults.heads ? {} : { heads }),
      ...(intermediate === defaults.intermediate ? {} : { intermediate }),
    },
  };
}
