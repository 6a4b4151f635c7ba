import type { Row, TransferSetSpec } from '@retort/contracts';

export interface Selected {
  /** The rows of the data set, then the generated ones that are kept. */
  rows: Row[];
  /** `[rows, labels]`, row-major. */
  teacherLogits: Float32Array;
  /** How many of the rows, the last ones, were generated. */
  generated: number;
  /** Generated rows that were left out. */
  filtered: number;
}

/**
 * The rows of the data and those of the first `multiply` rounds in which the others were generated: just the ones that a generation by this
 * `multiply` would have made.
 *
 * @param rounds how many were generated after each round; all, where there were no more rounds
 */
export function firstRounds(
  { rows, generated }: { rows: readonly Row[]; generated: number },
  multiply: number,
  rounds: readonly number[],
): { rows: Row[]; generated: number } {
  const taken = multiply === 0 ? 0 : (rounds[multiply - 1] ?? generated);
  return { rows: rows.slice(0, rows.length - generated + taken), generated: taken };
}

/**
 * Keeps of the generated rows those of which the teacher is sure: the largest of the softmax of its logits is at least `minConfidence`.
 * Their labels go, since a text that was changed may be of another class, but stay with `keepLabels` where the teacher answers the same.
 *
 * @param rows those of the data set, then the generated ones
 * @param generated how many the latter are
 * @param teacherLogits `[rows, labels]`, row-major
 */
export function selectTransferRows({
  rows,
  generated,
  teacherLogits,
  labels,
  spec,
}: {
  rows: readonly Row[];
  generated: number;
  teacherLogits: Float32Array;
  labels: readonly string[];
  spec: Pick<TransferSetSpec, 'minConfidence' | 'keepLabels'>;
}): Selected {
  const classes = labels.length;
  const given = rows.length - generated;
  const kept: Row[] = rows.slice(0, given);
  // Kept rows move up within the logits: a copy of a large set is not made.
  for (let i = given; i < rows.length; i++) {
    const logits = teacherLogits.subarray(i * classes, (i + 1) * classes);
    const { best, confidence } = answerOf(logits);
    if (!(confidence >= spec.minConfidence)) continue;
    teacherLogits.copyWithin(kept.length * classes, i * classes, (i + 1) * classes);
    const { text, label, split } = rows[i];
    kept.push(spec.keepLabels && label === labels[best] ? { text, label, split } : { text, split });
  }
  return {
    rows: kept,
    teacherLogits: teacherLogits.subarray(0, kept.length * classes),
    generated: kept.length - given,
    filtered: rows.length - kept.length,
  };
}

/** The likeliest class, the first of equally likely ones, and its probability. */
export function answerOf(logits: Float32Array): { best: number; confidence: number } {
  let best = 0;
  for (let k = 1; k < logits.length; k++) if (logits[k] > logits[best]) best = k;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - logits[best]);
  return { best, confidence: 1 / sum };
}
