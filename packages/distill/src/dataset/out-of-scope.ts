import type { DistillationSpec, OutOfScopeFigures, Row } from '@retort/contracts';
import { inScopeScores, outOfScopeFigures } from '@retort/learn';

/**
 * The label of out-of-scope rows where the teacher does not know it, so that no answer to them is right; undefined where it is one of
 * the teacher's labels, and so a class like any other.
 */
export function foreignLabel(
  teacherLabels: readonly string[],
  outOfScope: DistillationSpec['outOfScope'],
): string | undefined {
  return teacherLabels.includes(outOfScope) ? undefined : outOfScope;
}

/** The rows, those of the label without it. */
export function withoutLabel(rows: readonly Row[], label: string | undefined): readonly Row[] {
  if (label === undefined) return rows;
  return rows.map((row) => (row.label === label ? { text: row.text, split: row.split } : row));
}

export interface ScopeAnswers {
  /** `[texts, labels]` of the test texts in scope; of all of them where the label for the others is a class. */
  logits: Float32Array;
  /** Label index per text, -1 where unlabelled. */
  actual: Int32Array;
  /** `[texts, labels]` of the texts out of scope, where that is no class. */
  foreignLogits: Float32Array;
}

/**
 * How well a model's confidences tell rows in scope from others: the largest probability, or 1 - that of the class `label` where the
 * model has it.
 *
 * @returns undefined where there are none to tell apart
 */
export function measureOutOfScope(
  labels: readonly string[],
  label: string,
  { logits, actual, foreignLogits }: ScopeAnswers,
): { rows: number; figures: OutOfScopeFigures } | undefined {
  const classes = labels.length;
  const at = labels.indexOf(label);
  const known = at < 0 ? undefined : at;
  const scores = inScopeScores(logits, classes, known);
  const inside = scores.filter((_, row) => actual[row] >= 0 && actual[row] !== known);
  const outside =
    known === undefined ? inScopeScores(foreignLogits, classes) : scores.filter((_, row) => actual[row] === known);
  if (inside.length === 0 || outside.length === 0) return undefined;
  return { rows: outside.length, figures: outOfScopeFigures(inside, outside) };
}
