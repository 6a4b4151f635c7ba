import { EnsembleSpec, type FieldProblem } from '@retort/contracts';
import { Value } from 'typebox/value';
import { type DatasetShape, inScope } from '../dataset/dataset-shape.js';
import { nameSome } from '../name-some.js';
import { knownTo, labelSpaceOf } from './label-space.js';

/** Teachers that it takes to tell who disagrees. */
const FEWEST_TO_AGREE = 3;

/** How several teachers are combined where the spec does not say: all of its defaults. */
export function ensembleDefaults(): EnsembleSpec {
  return Value.Default(EnsembleSpec, {}) as EnsembleSpec;
}

/** What is wrong between the fields of the section `ensemble`, whatever the teachers. */
export function ensembleProblems(ensemble: EnsembleSpec | undefined): FieldProblem[] {
  if (ensemble === undefined) return [];
  const { weighting, weights, labels = [], routes } = ensemble;
  const problems: FieldProblem[] = [];
  const problem = (field: string, message: string) => problems.push({ path: `/ensemble/${field}`, message });
  const { by } = weighting;
  const foreign = (field: 'measure' | 'sharpness' | 'smoothing', of: string[]) => {
    if (weighting[field] !== undefined && !of.includes(by)) {
      problem(`weighting/${field}`, `is of weighting by ${of.join(', ')}, not by ${by}: leave it out`);
    }
  };
  foreign('measure', ['confidence']);
  foreign('sharpness', ['confidence', 'skill', 'agreement']);
  foreign('smoothing', ['skill']);
  if (weights?.every((weight) => weight === 0)) problem('weights', 'are all 0: give one teacher a weight');
  const twice = repeated(labels);
  if (twice.length > 0) problem('labels', `names labels twice: ${nameSome(twice)}`);
  if (by === 'route' && routes === undefined) {
    problem('routes', 'is missing: weighting by route needs the labels that each teacher decides between');
  } else if (by !== 'route' && routes !== undefined) {
    problem('routes', `is of weighting by route, not by ${by}: leave it out`);
  }
  const shared = repeated((routes ?? []).flatMap((group) => group ?? []));
  if (shared.length > 0) problem('routes', `name labels twice: ${nameSome(shared)}; one teacher decides for each`);
  return problems;
}

export interface TeachersCheck {
  /** The labels of the student. */
  labels: readonly string[];
  problems: FieldProblem[];
}

/**
 * Checks the section `ensemble` against the teachers of a job and its data, and finds the student's labels: those of the only teacher, or
 * the ensemble's (see {@link labelSpaceOf}).
 *
 * @param ensemble as resolved; undefined for its defaults
 * @param teachers the labels of each teacher, in the order of its logits. At least 1.
 * @param shape of the dataset, where it is known
 * @returns problems with paths into the submission (`/spec/ensemble/…`)
 */
export function checkTeachers(
  ensemble: EnsembleSpec | undefined,
  teachers: readonly (readonly string[])[],
  shape?: DatasetShape,
): TeachersCheck {
  if (teachers.length === 1) {
    const alone = { path: '/spec/ensemble', message: 'combines several teachers, but there is one: leave it out' };
    return { labels: teachers[0], problems: ensemble === undefined ? [] : [alone] };
  }
  const spec = ensemble ?? ensembleDefaults();
  const problems = (['weights', 'labelMaps', 'routes'] as const).flatMap((field): FieldProblem[] => {
    const list = spec[field];
    if (list === undefined || list.length === teachers.length) return [];
    const message = `must have one entry for each of the ${teachers.length} teachers, got ${list.length}`;
    return [{ path: `/spec/ensemble/${field}`, message }];
  });
  // Lists that do not run parallel to the teachers say nothing of them.
  if (problems.length > 0) return { labels: spec.labels ?? teachers[0], problems };
  const space = labelSpaceOf(spec, teachers);
  return {
    labels: space.labels,
    problems: [
      ...space.problems,
      ...routeProblems(spec, space),
      ...weightProblems(spec, space),
      ...weightingProblems(spec, teachers.length, shape),
    ],
  };
}

type Space = ReturnType<typeof labelSpaceOf>;

/** Every label has its one route, and lies within what the teacher of the route knows. */
function routeProblems({ routes, weighting }: EnsembleSpec, { labels, columns }: Space): FieldProblem[] {
  if (routes === undefined || weighting.by !== 'route') return [];
  const problems: FieldProblem[] = [];
  const index = new Map(labels.map((label, i) => [label, i]));
  const routed = new Set(routes.flatMap((group) => group ?? []));
  const left = labels.filter((label) => !routed.has(label));
  if (left.length > 0) {
    problems.push({ path: '/spec/ensemble/routes', message: `leave labels to no teacher: ${nameSome(left)}` });
  }
  for (const [k, group] of routes.entries()) {
    const known = new Set(columns[k]);
    const strange = (group ?? []).filter((label) => !index.has(label));
    const unknown = (group ?? []).filter((label) => index.has(label) && !known.has(index.get(label) as number));
    const path = `/spec/ensemble/routes/${k}`;
    if (strange.length > 0) {
      problems.push({ path, message: `names what is no label of the student: ${nameSome(strange)}` });
    }
    if (unknown.length > 0) {
      problems.push({ path, message: `names labels that teacher ${k} does not know: ${nameSome(unknown)}` });
    }
  }
  return problems;
}

/** Those who know every label speak for the labels that others do not know, and are the gate of routes: one of them must count. */
function weightProblems({ weights, weighting }: EnsembleSpec, { labels, columns }: Space): FieldProblem[] {
  const complete = columns.map((column) => knownTo(column) === labels.length);
  const needed = weighting.by === 'route' || complete.includes(false);
  if (weights === undefined || !needed || !complete.includes(true)) return [];
  if (weights.some((weight, k) => complete[k] && weight > 0)) return [];
  const message = 'are 0 for every teacher that knows all labels, and the others cannot tell how likely theirs are';
  return [{ path: '/spec/ensemble/weights', message }];
}

function weightingProblems({ weighting }: EnsembleSpec, teachers: number, shape?: DatasetShape): FieldProblem[] {
  const path = '/spec/ensemble/weighting/by';
  if (weighting.by === 'agreement' && teachers < FEWEST_TO_AGREE) {
    const message = `is agreement, which needs at least ${FEWEST_TO_AGREE} teachers, got ${teachers}: two of them agree equally with each other`;
    return [{ path, message }];
  }
  if (weighting.by === 'skill' && shape !== undefined && inScope(shape, undefined).labelled.valid === 0) {
    const message =
      'is skill, which is measured on labelled rows of the split "valid", and there is none: give some, or weigh by something else';
    return [{ path, message }];
  }
  return [];
}

function repeated(names: readonly string[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const name of names) (seen.has(name) ? twice : seen).add(name);
  return [...twice];
}
