import type { FeatureTerm } from '../../packages/learn/src/index.ts';

/** Row-major numbers by name. */
export type Arrays = Record<string, { dims: number[]; data: number[] }>;

/** A batch of texts with what student and teacher have of it. */
export interface FeatureCase {
  batch: number;
  /** To which all texts are padded. */
  tokens: number;
  /** Tokens of each text that are real. */
  lengths: number[];
  arrays: Arrays;
  /** Names of what is the student's. */
  own: string[];
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: number[]) => (values.length === 0 ? 0 : sum(values) / values.length);
const dot = (a: number[], b: number[]) => sum(a.map((x, i) => x * (b[i] ?? Number.NaN)));
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/**
 * A feature term without its weight, in doubles, token by token as the papers write it: nothing of the padding is ever read, which is how
 * the reference knows what must not matter.
 */
export function referenceLoss(term: FeatureTerm, tested: FeatureCase): number {
  const { lengths } = tested;
  if (term.kind === 'embedding') {
    return mean(lengths.map((_, text) => vectorDistance(term, tested, text)));
  }
  return mean(
    lengths.map((length, text) =>
      mean(
        range(length).map((token) => {
          if ('projection' in term) return vectorDistance(term, tested, text * tested.tokens + token);
          return term.kind === 'attention'
            ? mapDistance(term, tested, text, token)
            : relationDistance(term, tested, text, token);
        }),
      ),
    ),
  );
}

function rowOf({ dims, data }: { dims: number[]; data: number[] }, row: number): number[] {
  const width = dims.at(-1)!;
  return data.slice(row * width, (row + 1) * width);
}

function vectorDistance(
  { student, teacher, projection, distance }: Extract<FeatureTerm, { projection: string }>,
  { arrays }: FeatureCase,
  row: number,
): number {
  const own = rowOf(arrays[student.name]!, row);
  const matrix = arrays[projection]!;
  const target = rowOf(arrays[teacher.name]!, row);
  const projected = target.map((_, to) => sum(own.map((value, from) => value * rowOf(matrix, from)[to]!)));
  if (distance === 'mse') return mean(projected.map((value, i) => (value - target[i]!) ** 2));
  return 1 - dot(projected, target) / Math.sqrt((dot(projected, projected) + 1e-12) * (dot(target, target) + 1e-12));
}

function mapDistance(
  { student, teacher, distance }: Extract<FeatureTerm, { kind: 'attention' }>,
  { arrays, tokens, lengths }: FeatureCase,
  text: number,
  query: number,
): number {
  const maps = ({ name, heads }: { name: string; heads: number }) =>
    range(heads).map((head) => rowOf(arrays[name]!, (text * heads + head) * tokens + query).slice(0, lengths[text]));
  let [own, target] = [maps(student), maps(teacher)];
  if (own.length !== target.length) {
    const averaged = (all: number[][]) => [all[0]!.map((_, key) => mean(all.map((map) => map[key]!)))];
    [own, target] = [averaged(own), averaged(target)];
  }
  return mean(
    own.map((map, head) =>
      sum(
        map.map((a, key) => {
          const t = target[head]![key]!;
          return distance === 'mse' ? (a - t) ** 2 : t * Math.log(t / a);
        }),
      ),
    ),
  );
}

function relationDistance(
  { student, teacher, heads }: Extract<FeatureTerm, { kind: 'relation' }>,
  { arrays, tokens, lengths }: FeatureCase,
  text: number,
  query: number,
): number {
  const relation = ({ left, right, width }: { left: string; right: string; width: number }, head: number) => {
    const size = width / heads;
    const part = (name: string, token: number) =>
      rowOf(arrays[name]!, text * tokens + token).slice(head * size, (head + 1) * size);
    const scores = range(lengths[text]!).map((key) => dot(part(left, query), part(right, key)) / Math.sqrt(size));
    const total = sum(scores.map(Math.exp));
    return scores.map((score) => Math.exp(score) / total);
  };
  return mean(
    range(heads).map((head) => {
      const [own, target] = [relation(student, head), relation(teacher, head)];
      return sum(target.map((t, key) => t * Math.log(t / own[key]!)));
    }),
  );
}
