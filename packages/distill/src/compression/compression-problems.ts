import type { CompressionSpec, CompressionStep, DistillationSpec, FieldProblem, StudentSpec } from '@retort/contracts';
import type { RowCounts } from '../dataset/dataset-shape.js';
import { STEP_DEFAULTS } from './compression-defaults.js';

/**
 * What of a dataset's shape keeps a student from being compressed: without a row to validate on, no step could be checked.
 *
 * @returns one problem per finding, its path into the submission
 */
export function compressionDataProblems(
  { rows, labelled }: RowCounts,
  compression: CompressionSpec | undefined,
): FieldProblem[] {
  // Where there is no validation split, a tenth of the labelled training rows becomes one.
  if (!compression || rows.valid > 0 || labelled.train > 0) return [];
  return [{ path: '/spec/compression', message: NO_VALIDATION }];
}

export const NO_VALIDATION =
  'needs validation rows, by which each step is checked: give some rows the split "valid", or leave compression out';

/** What is wrong between the steps of the compression, and between them and the student that they are for. */
export function compressionProblems({ student, compression }: DistillationSpec): FieldProblem[] {
  return (compression?.steps ?? []).flatMap((step, i, all) => {
    const path = `/compression/steps/${i}`;
    const isEarly = step.kind === 'quantize' && i < all.length - 1;
    const unfit = unfitness(step, student);
    return [
      ...strangeFields(step, path),
      ...(isEarly
        ? [{ path, message: 'quantize must be the last step: what is int8 cannot be pruned or trained' }]
        : []),
      ...(unfit === undefined ? [] : [{ path, message: unfit }]),
    ];
  });
}

function strangeFields({ kind, ...fields }: CompressionStep, path: string): FieldProblem[] {
  const known = Object.keys(STEP_DEFAULTS[kind]);
  return Object.keys(fields)
    .filter((field) => !known.includes(field))
    .map((field) => ({
      path: `${path}/${field}`,
      message: `is not a field of ${kind}, which has ${known.join(' and ')}`,
    }));
}

/** Why a step can do nothing to such a student. */
function unfitness({ kind, weights, tables }: CompressionStep, student: StudentSpec): string | undefined {
  const { family } = student;
  if (kind === 'quantize' && weights === false && tables === false) {
    return 'weights and tables are both false: leave the step out, or set one';
  }
  if (kind === 'prune-heads' && family !== 'encoder') {
    return `prune-heads is for encoder students: a ${family} one has no attention heads`;
  }
  if (kind === 'prune-heads' && family === 'encoder' && student.heads === 1) {
    return 'every layer keeps at least one head, and this student has no more: raise student.heads, or leave the step out';
  }
  if (kind === 'prune-vocabulary' && family !== 'encoder') {
    return `prune-vocabulary is for encoder students: n-grams of a ${family} one share the rows of its table`;
  }
  if (kind === 'prune-vocabulary' && student.unseenTokens > 0) {
    return 'prune-vocabulary takes away what student.unseenTokens gives: leave the step out, or set that to 0';
  }
  if (kind === 'prune-hidden' && family === 'static' && student.hidden === 0) {
    return 'the student has no hidden layer: raise student.hidden, or leave the step out';
  }
  return undefined;
}
