import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import {
  type DistillationReport,
  type DistillationSpec,
  type FieldProblem,
  type FineTuneSpecInput,
  MOST_TEACHERS,
  type OnProgress,
  RetortError,
  type Row,
} from '@retort/contracts';
import { fineTune, inspectModelFolder, openTeacher, type Teacher, trainTeacherHead } from '@retort/teachers';
import { shapeOf } from './dataset/dataset-shape.js';
import { foreignLabel } from './dataset/out-of-scope.js';
import type { SoftLabelCache } from './dataset/soft-labels.js';
import { checkTeachers } from './ensemble/ensemble-problems.js';
import { fitProblems } from './fit/fit-problems.js';
import { readTeacherFitProblems } from './fit/teacher-fit-problems.js';
import { searchSpec } from './search/search-spec.js';
import { transferSetToGenerate } from './search/transfer-set-to-generate.js';
import { invalidSpec } from './sections/invalid-spec.js';
import { type AskedTeacher, trainFromTeachers } from './train-from-teachers.js';
import type { TrainedStudent, TrainStudentOptions } from './train-student.js';
import { type LabelledRows, labelRows } from './transfer-set/label-rows.js';

interface TeacherSource {
  /** As `teacherDir` of {@link DistillOptions}. */
  dir: string;
  /** Default: the folder's name. */
  name?: string;
}

export interface DistillOptions {
  rows: readonly Row[];
  /**
   * Folder of the teacher: `model.onnx` or `onnx/model.onnx` with `tokenizer.json`. A classifier is used as it is; an
   * encoder gets a head trained on the labelled rows first, or is fine-tuned on them.
   */
  teacherDir?: string;
  /** Instead of `teacherDir`: several, at most {@link MOST_TEACHERS}, whose answers `spec.ensemble` combines. */
  teachers?: readonly TeacherSource[];
  /** How to fine-tune an encoder, with a default for whatever is left out; absent: only a head is trained. */
  fineTune?: FineTuneSpecInput;
  spec: DistillationSpec;
  /** Where the student's folder goes: absent, empty, or an earlier student. */
  outDir: string;
  /** Soft labels of earlier runs; default: none are kept. */
  cache?: SoftLabelCache;
  /**
   * Of the student's training, as {@link TrainStudentOptions} has it; default: none is kept. The trials of a search keep their results in
   * a file beside it, `<path>.trials`.
   */
  checkpoint?: TrainStudentOptions['checkpoint'];
  /** Threads of each kernel; default 1. */
  threads?: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

export interface Distilled extends TrainedStudent {
  report: DistillationReport;
}

/**
 * The whole pipeline in one call, with no server: train the teachers that are encoders, label, train, evaluate, package.
 *
 * @throws RetortError `RT_INVALID_TEACHER`, `RT_INVALID_DATASET`, `RT_INVALID_SPEC`, `RT_INVALID_FIELD`, `RT_CANCELLED`,
 * `RT_TRAINING_DIVERGED`, `RT_CONFLICT`
 */
export async function distill(options: DistillOptions): Promise<Distilled> {
  const begun = performance.now();
  const { rows, spec, outDir, checkpoint, threads, signal, onProgress } = options;
  const scratch = await mkdtemp(join(tmpdir(), 'retort-'));
  try {
    const { teachers, labelled } = await askTeachers(options, scratch);
    const { generated, rounds, teacherQueries, transferSet } = labelled;
    const training = {
      ...{ rows: labelled.rows, generated, rounds, teachers, threads, signal, onProgress },
      lineage: { dataset: { digest: rowsDigest(rows), rows: rows.length } },
    };
    const found = await searchSpec({ ...training, spec, ledger: checkpoint && `${checkpoint.path}.trials` });
    const student = await trainFromTeachers({
      ...training,
      spec: found.spec,
      lineage: { ...training.lineage, ...(found.selection && { selection: found.selection }) },
      labelling: { teacherQueries, transferSet },
      outDir,
      checkpoint,
    });
    return { ...student, report: reportOf(student, (performance.now() - begun) / 1000) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Opens every teacher, checks that they fit the data and each other, and asks them about all texts, generated ones included. */
async function askTeachers(
  options: DistillOptions,
  scratch: string,
): Promise<{ teachers: AskedTeacher[]; labelled: LabelledRows }> {
  const { rows, spec, cache, threads, signal, onProgress } = options;
  const sources = sourcesOf(options);
  // Said first: an encoder is trained for seconds or minutes before it can be opened as a teacher, and neither its tokens nor its layers change.
  const misfits = await readTeacherFitProblems(spec, sources[0].dir);
  if (misfits.length > 0) throw invalidSpec(misfits.map(withinSpec));
  const teachers: Teacher[] = [];
  try {
    const dirs: string[] = [];
    for (const [k, { dir }] of sources.entries()) {
      dirs.push(await classifierFolder(dir, join(scratch, `teacher-${k}`), options));
      teachers.push(await openTeacher(dirs[k], { threads }));
    }
    const labels = checkFit(rows, teachers, spec);
    const foreign = foreignLabel(labels, spec.outOfScope);
    const asking = { teachers, teacherDir: dirs[0], foreign, cache, signal, onProgress };
    const labelled = await labelRows({ rows, spec: transferSetToGenerate(spec), seed: spec.training.seed, ...asking });
    const asked = teachers.map(({ labels, digest }, k) => ({
      ...{ labels, logits: labelled.answers[k], dir: dirs[k], digest },
      name: sources[k].name ?? basename(resolve(sources[k].dir)),
    }));
    return { teachers: asked, labelled };
  } finally {
    await Promise.all(teachers.map((teacher) => teacher.close()));
  }
}

function sourcesOf({ teacherDir, teachers }: DistillOptions): readonly TeacherSource[] {
  if ((teacherDir === undefined) === (teachers === undefined)) {
    throw new RetortError('RT_INVALID_FIELD', 'Give either teacherDir or teachers.');
  }
  const sources = teachers ?? [{ dir: teacherDir as string }];
  if (sources.length >= 1 && sources.length <= MOST_TEACHERS) return sources;
  throw new RetortError('RT_INVALID_FIELD', `teachers must be 1 to ${MOST_TEACHERS}, got ${sources.length}.`);
}

/**
 * @returns the student's labels
 * @throws RetortError `RT_INVALID_SPEC` where the teachers do not fit each other, `RT_INVALID_DATASET` where the rows do not fit them
 */
function checkFit(rows: readonly Row[], teachers: readonly Teacher[], spec: DistillationSpec): readonly string[] {
  const names = teachers.map((teacher) => teacher.labels);
  const problems = fitProblems(spec, { teachers: names, shape: shapeOf(rows) });
  if (problems.length === 0) return checkTeachers(spec.ensemble, names).labels;
  if (problems.every(({ path }) => path.startsWith(SPEC))) throw invalidSpec(problems.map(withinSpec));
  const detail = problems.map(({ path, message }) => `The ${path.split('/').at(-1)} ${message}.`).join(' ');
  throw new RetortError('RT_INVALID_DATASET', detail, { problems });
}

/** The folder that answers with labels: the teacher's own, or that of a newly trained one in `outDir`. */
export async function classifierFolder(
  dir: string,
  outDir: string,
  options: Pick<DistillOptions, 'rows' | 'fineTune' | 'threads' | 'signal' | 'onProgress'> & {
    spec: Pick<DistillationSpec, 'training'>;
  },
): Promise<string> {
  const manifest = await inspectModelFolder(dir);
  if (manifest.kind === 'onnx-classifier') return dir;
  const { rows, spec, threads, signal, onProgress } = options;
  const { seed } = spec.training;
  const training = { encoderDir: dir, outDir, rows, seed, threads, signal, onProgress };
  if (options.fineTune === undefined) await trainTeacherHead(training);
  else await fineTune({ ...training, spec: options.fineTune });
  return outDir;
}

/** Where problems of a submission lie that are of its spec. */
const SPEC = '/spec/';
const withinSpec = ({ path, message }: FieldProblem): FieldProblem => ({ path: path.slice(SPEC.length - 1), message });

/** sha256 of the rows as canonical JSONL, hexadecimal: the identity of a dataset whatever file it came in. */
export function rowsDigest(rows: Iterable<Row>): string {
  const hash = createHash('sha256');
  for (const { text, label, split } of rows) hash.update(`${JSON.stringify({ text, label, split })}\n`);
  return hash.digest('hex');
}

function reportOf({ metrics, lineage }: TrainedStudent, seconds: number): DistillationReport {
  const { accuracy, agreement, bytes, latencyMs } = metrics.student;
  const { teacher, teacherQueries, transferSet } = metrics;
  const { selection } = lineage;
  return {
    teacher: { accuracy: teacher.accuracy, bytes: teacher.bytes, latencyMs: teacher.latencyMs },
    student: { accuracy, agreement, bytes, latencyMs },
    speedup: metrics.speedup,
    seconds,
    teacherQueries,
    ...(transferSet && { transferSet }),
    ...(selection && { selection }),
  };
}
