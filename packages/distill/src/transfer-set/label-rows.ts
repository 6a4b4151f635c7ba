import type { OnProgress, Row, TeacherQueries, TransferSetCounts, TransferSetSpec } from '@retort/contracts';
import type { Teacher } from '@retort/teachers';
import { shapeOf } from '../dataset/dataset-shape.js';
import { labelByTeachers } from '../dataset/label-by-teachers.js';
import { MemorySoftLabelCache, type SoftLabelCache } from '../dataset/soft-labels.js';
import { teacherAnswers } from './answers.js';
import { estimateTeacherQueries } from './estimate.js';
import { generateTransferSet } from './generate.js';

export interface LabelRowsOptions {
  rows: readonly Row[];
  /** Absent: nothing is generated. */
  spec: TransferSetSpec | undefined;
  /** For the generation, where the spec names none. */
  seed: number;
  /** At least 1. Classes of rows without a label and embeddings of words are those of the first. */
  teachers: readonly Teacher[];
  /** The first teacher's folder. */
  teacherDir: string;
  /** The label of out-of-scope rows, where the teachers do not know it. */
  foreign?: string;
  cache?: SoftLabelCache;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

export interface LabelledRows {
  /** The given rows, then the generated ones. */
  rows: readonly Row[];
  /** For each teacher `[rows, labels]`, row-major, in the order of its own labels. */
  answers: Float32Array[];
  /** How many of the rows, the last ones, were generated. */
  generated: number;
  /** How many of them there were after each round of their generation; undefined where the spec asks for none. */
  rounds?: readonly number[];
  teacherQueries: TeacherQueries;
  /** Where the spec asks for a transfer set. */
  transferSet?: TransferSetCounts;
}

/**
 * Generates the transfer set and asks every teacher for the soft labels of all rows. Which generated rows are kept is decided by the
 * teachers' combined answer, later: `selectTransferRows`.
 *
 * @throws RetortError `RT_CANCELLED`, `RT_INVALID_TEACHER` as {@link generateTransferSet} does, and whatever a teacher throws
 */
export async function labelRows(options: LabelRowsOptions): Promise<LabelledRows> {
  const { rows, spec, teachers, foreign, signal, onProgress } = options;
  const cache = options.cache ?? new MemorySoftLabelCache();
  const made = spec === undefined ? undefined : await generate(rows, spec, cache, options);
  const all = made === undefined ? rows : [...rows, ...made.rows];
  const note = made && `${made.rows.length} generated`;
  const texts = all.map(({ text }) => text);
  const labelled = await labelByTeachers({ teachers, texts, cache, signal, onProgress, note });
  const cached = labelled.cached - (made?.asked ?? 0);
  return {
    rows: all,
    answers: labelled.answers,
    generated: made?.rows.length ?? 0,
    rounds: made?.rounds,
    teacherQueries: {
      ...estimateTeacherQueries(shapeOf(rows), spec, { teachers: teachers.length, foreign }),
      made: teachers.length * texts.length - cached,
      cached,
    },
    ...(made === undefined ? {} : { transferSet: made.counts }),
  };
}

/** @returns the new rows, and how many questions it took to know the classes of what they are made of */
async function generate(
  rows: readonly Row[],
  spec: TransferSetSpec,
  cache: SoftLabelCache,
  { teachers, teacherDir, foreign, signal, ...options }: LabelRowsOptions,
) {
  const { answers, asked } = await teacherAnswers({ rows, spec, teacher: teachers[0], cache, foreign, signal });
  const seed = spec.seed ?? options.seed;
  return { ...(await generateTransferSet({ rows, spec, teacherDir, seed, foreign, answers, signal })), asked };
}
