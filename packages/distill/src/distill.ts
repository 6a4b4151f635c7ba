import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import {
  type DistillationReport,
  type DistillationSpec,
  type FineTuneSpecInput,
  type OnProgress,
  RetortError,
  type Row,
} from '@retort/contracts';
import { fineTune, inspectModelFolder, openTeacher, trainTeacherHead } from '@retort/teachers';
import { datasetProblems, shapeOf } from './check-rows.js';
import { compressionDataProblems } from './compression/index.js';
import { labelTexts, type SoftLabelCache } from './soft-labels.js';
import { type TrainedStudent, type TrainStudentOptions, trainStudent } from './train-student.js';

export interface DistillOptions {
  rows: readonly Row[];
  /**
   * Folder of the teacher: `model.onnx` or `onnx/model.onnx` with `tokenizer.json`. A classifier is used as it is; an
   * encoder gets a head trained on the labelled rows first, or is fine-tuned on them.
   */
  teacherDir: string;
  /** How to fine-tune an encoder, with a default for whatever is left out; absent: only a head is trained. */
  fineTune?: FineTuneSpecInput;
  spec: DistillationSpec;
  /** Where the student's folder goes: absent, empty, or an earlier student. */
  outDir: string;
  /** Soft labels of earlier runs; default: none are kept. */
  cache?: SoftLabelCache;
  /** Of the student's training, as {@link TrainStudentOptions} has it; default: none is kept. */
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
 * The whole pipeline in one call, with no server: train the teacher where it is an encoder, label, train, evaluate,
 * package.
 *
 * @throws RetortError `RT_INVALID_TEACHER`, `RT_INVALID_DATASET`, `RT_CANCELLED`, `RT_TRAINING_DIVERGED`, `RT_CONFLICT`
 */
export async function distill(options: DistillOptions): Promise<Distilled> {
  const begun = performance.now();
  const { rows, spec, outDir, threads, signal, onProgress } = options;
  const scratch = await mkdtemp(join(tmpdir(), 'retort-'));
  try {
    const teacherDir = await classifierFolder(options, scratch);
    const teacher = await openTeacher(teacherDir, { threads });
    try {
      const shape = shapeOf(rows);
      const problems = [
        ...datasetProblems(shape, teacher.labels, spec.loss),
        ...compressionDataProblems(shape, spec.compression),
      ];
      if (problems.length > 0) {
        const detail = problems.map(({ path, message }) => `The ${path.split('/').at(-1)} ${message}.`).join(' ');
        throw new RetortError('RT_INVALID_DATASET', detail, { problems });
      }
      const texts = rows.map(({ text }) => text);
      const { logits } = await labelTexts({ teacher, texts, cache: options.cache, signal, onProgress });
      const student = await trainStudent({
        rows,
        labels: teacher.labels,
        teacherLogits: logits,
        teacherDir,
        spec,
        outDir,
        lineage: {
          dataset: { digest: rowsDigest(rows), rows: rows.length },
          teacher: { name: basename(resolve(options.teacherDir)), digest: teacher.digest },
        },
        checkpoint: options.checkpoint,
        threads,
        signal,
        onProgress,
      });
      return { ...student, report: reportOf(student, (performance.now() - begun) / 1000) };
    } finally {
      await teacher.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The folder that answers with labels: the teacher's own, or that of a newly trained one. */
async function classifierFolder(options: DistillOptions, scratch: string): Promise<string> {
  const manifest = await inspectModelFolder(options.teacherDir);
  if (manifest.kind === 'onnx-classifier') return options.teacherDir;
  const { rows, spec, threads, signal, onProgress } = options;
  const outDir = join(scratch, 'teacher');
  const { seed } = spec.training;
  const training = { encoderDir: options.teacherDir, outDir, rows, seed, threads, signal, onProgress };
  if (options.fineTune === undefined) await trainTeacherHead(training);
  else await fineTune({ ...training, spec: options.fineTune });
  return outDir;
}

/** sha256 of the rows as canonical JSONL, hexadecimal: the identity of a dataset whatever file it came in. */
export function rowsDigest(rows: Iterable<Row>): string {
  const hash = createHash('sha256');
  for (const { text, label, split } of rows) hash.update(`${JSON.stringify({ text, label, split })}\n`);
  return hash.digest('hex');
}

function reportOf({ metrics }: TrainedStudent, seconds: number): DistillationReport {
  const { accuracy, agreement, bytes, latencyMs } = metrics.student;
  return {
    teacher: metrics.teacher,
    student: { accuracy, agreement, bytes, latencyMs },
    speedup: metrics.speedup,
    seconds,
  };
}
