import type { EnsembleSpec, Row } from '@retort/contracts';
import type { RowParts } from '../dataset/split-rows.js';
import { invalidSpec } from '../sections/invalid-spec.js';
import { teacherTemperature } from './calibrate-teacher.js';
import { labelSpaceOf } from './label-space.js';
import { MappedAnswers } from './mapped-answers.js';
import { OpinionPool } from './opinion-pool.js';
import { routed, routesOf } from './route.js';
import { weightsOf } from './weighting.js';

/** What one teacher answered. */
export interface TeacherAnswers {
  /** In the order of its logits. */
  labels: readonly string[];
  /** `[rows, labels]`, row-major. */
  logits: Float32Array;
}

export interface CombineOptions {
  /** In the order of the lists in the spec. At least 1. */
  teachers: readonly TeacherAnswers[];
  spec: EnsembleSpec;
  /** The rows that were answered: those of validation calibrate and show skill, by their labels. */
  rows: readonly Pick<Row, 'label'>[];
  /** Indexes into the rows. */
  parts: Pick<RowParts, 'valid' | 'test'>;
}

export interface CombinedTeachers {
  /** Of the student. */
  labels: readonly string[];
  /** `[rows, labels]`: log-probabilities, so that every temperature can still be applied. */
  logits: Float32Array;
  /** Of each teacher by itself. */
  teachers: {
    /** What its logits were divided by. */
    temperature: number;
    /** On the labelled test rows, told in the student's labels; a label that it does not know is one that it misses. */
    accuracy: number;
  }[];
}

/**
 * Makes one answer of those of several teachers, row by row: maps their labels onto the student's, calibrates, weighs and pools them.
 *
 * @throws RetortError `RT_INVALID_SPEC` where maps or labels do not fit the teachers
 */
export function combineTeachers({ teachers, spec, rows, parts }: CombineOptions): CombinedTeachers {
  const { labels, columns, problems } = labelSpaceOf(
    spec,
    teachers.map((teacher) => teacher.labels),
  );
  if (problems.length > 0) throw invalidSpec(problems);
  const classes = labels.length;
  const mapped = teachers.map(({ logits }, k) => new MappedAnswers(logits, columns[k], classes));
  const index = new Map(labels.map((label, i) => [label, i]));
  const labelled = (part: Int32Array) => ({
    rows: part,
    labels: Int32Array.from(part, (row) => index.get(rows[row].label ?? '') ?? -1),
  });
  const validation = labelled(parts.valid);
  if (spec.calibrate) {
    for (const teacher of mapped) teacher.temperature = teacherTemperature(teacher, validation, classes);
  }
  const test = labelled(parts.test);
  return {
    labels,
    logits: combineRows(mapped, spec, labels, rows.length, validation),
    teachers: mapped.map((teacher) => ({
      temperature: teacher.temperature,
      accuracy: accuracyOf(teacher, test, classes),
    })),
  };
}

type LabelledRows = Record<'rows' | 'labels', Int32Array>;

function combineRows(
  teachers: readonly MappedAnswers[],
  spec: EnsembleSpec,
  labels: readonly string[],
  rows: number,
  validation: LabelledRows,
): Float32Array {
  const classes = labels.length;
  const pool = new OpinionPool(spec.combine, teachers, classes);
  const logPrior = new Float64Array(teachers.length * classes);
  for (const k of teachers.keys()) {
    logPrior.fill(Math.log(spec.weights?.[k] ?? 1), k * classes, (k + 1) * classes);
  }
  const weights = weightsOf(spec, { teachers, classes, pool, logPrior, validation });
  const routes = routesOf(spec.routes ?? [], labels);
  const answers = teachers.map(() => new Float64Array(classes));
  const logWeights = new Float64Array(teachers.length * classes);
  const combined = new Float64Array(classes);
  const logits = new Float32Array(rows * classes);
  for (let row = 0; row < rows; row++) {
    for (const [k, teacher] of teachers.entries()) teacher.row(row, answers[k]);
    weights(answers, logWeights);
    if (spec.weighting.by === 'route') {
      routed(routes, pool, answers, logWeights, combined);
    } else {
      pool.complete(answers, logWeights);
      pool.all(answers, logWeights, combined);
    }
    logits.set(combined, row * classes);
  }
  return logits;
}

/** Share of the labelled rows that a teacher answers with their label. */
function accuracyOf(teacher: MappedAnswers, { rows, labels }: LabelledRows, classes: number): number {
  const scratch = new Float64Array(classes);
  let right = 0;
  let counted = 0;
  for (const [i, row] of rows.entries()) {
    if (labels[i] < 0) continue;
    counted++;
    if (teacher.answer(row, scratch) === labels[i]) right++;
  }
  return counted > 0 ? right / counted : 0;
}
