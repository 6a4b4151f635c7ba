import type { OnProgress, Row, TeacherQueries, TransferSetCounts, TransferSetSpec } from '@retort/contracts';
import type { Teacher } from '@retort/teachers';
import { shapeOf } from '../check-rows.js';
import { labelTexts, MemorySoftLabelCache, type SoftLabelCache } from '../soft-labels.js';
import { teacherAnswers } from './answers.js';
import { estimateTeacherQueries } from './estimate.js';
import { generateTransferSet } from './generate.js';
import { selectTransferRows } from './select.js';

export interface LabelRowsOptions {
  rows: readonly Row[];
  /** Absent: nothing is generated. */
  spec: TransferSetSpec | undefined;
  /** For the generation, where the spec names none. */
  seed: number;
  teacher: Teacher;
  teacherDir: string;
  cache?: SoftLabelCache;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

export interface LabelledRows {
  /** The given rows, then the generated ones that are kept. */
  rows: readonly Row[];
  /** `[rows, labels]`, row-major. */
  teacherLogits: Float32Array;
  /** How many of the rows, the last ones, were generated. */
  generated: number;
  teacherQueries: TeacherQueries;
  /** Where the spec asks for a transfer set. */
  transferSet?: TransferSetCounts;
}

/**
 * Generates the transfer set, asks the teacher for the soft labels of all rows, and keeps the generated ones that it is sure of.
 *
 * @throws RetortError `RT_CANCELLED`, `RT_INVALID_TEACHER` as {@link generateTransferSet} does, and whatever the teacher throws
 */
export async function labelRows(options: LabelRowsOptions): Promise<LabelledRows> {
  const { rows, spec, teacher, signal, onProgress } = options;
  const cache = options.cache ?? new MemorySoftLabelCache();
  const estimate = estimateTeacherQueries(shapeOf(rows), spec);
  if (spec === undefined) {
    const texts = rows.map(({ text }) => text);
    const { logits, cached } = await labelTexts({ teacher, texts, cache, signal, onProgress });
    return {
      rows,
      teacherLogits: logits,
      generated: 0,
      teacherQueries: { ...estimate, made: texts.length - cached, cached },
    };
  }
  const { answers, asked } = await teacherAnswers({ rows, spec, teacher, cache, signal });
  const { teacherDir } = options;
  const seed = spec.seed ?? options.seed;
  const { rows: made, counts } = await generateTransferSet({ rows, spec, teacherDir, seed, answers, signal });
  const all = [...rows, ...made];
  const note = `${made.length} generated`;
  const texts = all.map(({ text }) => text);
  const labelled = await labelTexts({ teacher, texts, cache, signal, onProgress, note });
  const { filtered, ...selected } = selectTransferRows({
    rows: all,
    generated: made.length,
    teacherLogits: labelled.logits,
    labels: teacher.labels,
    spec,
  });
  const cached = labelled.cached - asked;
  return {
    ...selected,
    teacherQueries: { ...estimate, made: all.length - cached, cached },
    transferSet: { ...counts, filtered, kept: selected.generated },
  };
}
