import type { EnsembleSpec, FieldProblem } from '@retort/contracts';
import { nameSome } from '../name-some.js';

/** The labels of a student of several teachers, and where those of each teacher are among them. */
export interface LabelSpace {
  labels: readonly string[];
  /** For each teacher, by the order of its own labels: index of ours, -1 for one that is dropped. */
  columns: Int32Array[];
}

type LabelMap = Record<string, string | null>;

/**
 * Finds the label space of the student and the place of every teacher's labels in it: by the teacher's map where that names the label,
 * else by the label's own name.
 *
 * Without `labels` in the spec the space is the image of the first teacher's labels, in their order. At least one teacher must know
 * the whole of it: what a teacher says is a distribution over the labels that it knows, and only one that knows all of them tells how
 * likely those are against the rest.
 *
 * @param teachers the labels of each teacher, in the order of its logits
 * @returns the space, complete only where there are no problems; their paths lead into the submission (`/spec/ensemble/…`)
 */
export function labelSpaceOf(
  { labels: given, labelMaps = [] }: Pick<EnsembleSpec, 'labels' | 'labelMaps'>,
  teachers: readonly (readonly string[])[],
): LabelSpace & { problems: FieldProblem[] } {
  const first = teachers[0].map((label) => targetOf(label, labelMaps[0]));
  const labels = given ?? [...new Set(first.filter((label) => label !== null))];
  const index = new Map(labels.map((label, i) => [label, i]));
  const problems: FieldProblem[] = [];
  const columns: Int32Array[] = [];
  for (const [k, theirs] of teachers.entries()) {
    const map = labelMaps[k] ?? null;
    const path = `/spec/ensemble/labelMaps/${k}`;
    const column = Int32Array.from(theirs, (label) => index.get(targetOf(label, map) ?? '') ?? -1);
    const found = mapProblems(path, theirs, map, index);
    const count = knownTo(column);
    if (found.length === 0 && count < 2) {
      const message = `leaves teacher ${k} with ${count} of the student's ${labels.length} labels, between which it cannot decide: map at least 2`;
      found.push({ path, message });
    }
    columns.push(column);
    problems.push(...found);
  }
  if (!columns.some((column) => knownTo(column) === labels.length)) {
    const message =
      `no teacher knows all ${labels.length} labels, so nothing tells how likely the labels of one are against those of another: ` +
      'add a teacher that knows them all, or name fewer labels';
    problems.push({ path: '/spec/ensemble/labels', message });
  }
  return { labels, columns, problems };
}

/** How many labels of the student a teacher knows. */
export function knownTo(column: Int32Array): number {
  return new Set(column.filter((c) => c >= 0)).size;
}

function targetOf(label: string, map: LabelMap | null | undefined): string | null {
  return map && Object.hasOwn(map, label) ? map[label] : label;
}

function mapProblems(
  path: string,
  theirs: readonly string[],
  map: LabelMap | null,
  index: ReadonlyMap<string, number>,
): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const problem = (names: string[], message: string) => {
    if (names.length > 0) problems.push({ path, message: `${message}: ${nameSome(names)}` });
  };
  const own = new Set(theirs);
  const entries = Object.entries(map ?? {});
  problem(
    entries.filter(([from]) => !own.has(from)).map(([from]) => from),
    'names labels that the teacher has not',
  );
  problem(
    entries.flatMap(([, to]) => (to === null || index.has(to) ? [] : [to])),
    'maps onto what is no label of the student',
  );
  problem(
    theirs.filter((label) => !(map && Object.hasOwn(map, label)) && !index.has(label)),
    'must say what becomes of labels that the student has not (null drops one)',
  );
  return problems;
}
