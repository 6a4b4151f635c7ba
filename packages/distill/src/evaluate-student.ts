import { type OnProgress, progressOf, RetortError, type StudentMetrics, type TeacherFigures } from '@retort/contracts';
import { agreement, evaluate, klToTeacher } from '@retort/learn';
import { listModelFiles } from '@retort/teachers';
import { findModelFile, findServedFile, openTextClassifier, type TextClassifier } from '@retort/text';
import { medianLatencies } from './latency.js';
import { throwIfCancelled } from './soft-labels.js';

/** Texts answered at once while accuracy is measured. */
const BATCH = 64;
/** Texts that latencies are measured on. */
const TIMED_TEXTS = 100;
/** Confusions kept in the metrics. */
const CONFUSIONS = 20;

export interface EvaluateOptions {
  studentDir: string;
  /** Which of its tasks to ask it, where it answers several. */
  task?: string;
  teacherDir: string;
  /** Where several teachers were combined: the folder of each, and how it did by itself. The first is in `teacherDir`. */
  teachers?: ({ dir: string } & Pick<TeacherFigures, 'name' | 'accuracy' | 'temperature'>)[];
  labels: readonly string[];
  texts: string[];
  /** Label index per text, -1 where unlabelled. */
  actual: Int32Array;
  /** `[texts, labels]`. */
  teacherLogits: Float32Array;
  parameters: number;
  bestEpoch: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/**
 * Measures the packaged folder itself, tokenizer and all, as an agent will use it: accuracy and agreement over all texts,
 * latency for one text on one thread, in turns with the teacher. Where the folder answers with its int8 graph, the float one is measured too.
 */
export async function evaluateStudent(options: EvaluateOptions): Promise<StudentMetrics> {
  const { labels, texts, actual, teacherLogits, signal } = options;
  const classes = labels.length;
  const report = progressOf('evaluating', texts.length, options.onProgress);
  report(0);
  const { studentDir, task } = options;
  const teacherDirs = options.teachers?.map(({ dir }) => dir) ?? [options.teacherDir];
  const [served, modelFile, ...teacherFiles] = await Promise.all([
    findServedFile(studentDir),
    findModelFile(studentDir),
    ...teacherDirs.map(findModelFile),
  ]);
  const models: TextClassifier[] = [];
  const open = async (dir: string, file: string, of?: string) => {
    const model = await openTextClassifier(dir, { placement: 'inline', threads: 1, modelFile: file, task: of });
    models.push(model);
    return model;
  };
  try {
    const student = await open(studentDir, served, task);
    for (const [k, dir] of teacherDirs.entries()) await open(dir, teacherFiles[k]);
    const float = served === modelFile ? undefined : await open(studentDir, modelFile, task);
    if (student.labels.length !== classes) {
      throw new RetortError('RT_INTERNAL', `The student answers ${student.labels.length} labels, not ${classes}.`);
    }
    const logits = await allLogits(student, texts, { signal, report });
    const timed = texts.slice(0, TIMED_TEXTS);
    const times = await medianLatencies(
      models.map((model) => (text) => model.logits([text])),
      timed,
    );
    // In the order in which they were opened.
    const [studentMs, ...rest] = times;
    const teachersMs = rest.slice(0, teacherDirs.length);
    const teacherBytes = await Promise.all(teacherDirs.map((dir, k) => answerBytes(dir, teacherFiles[k])));
    // All of them would have to be asked for the answer that the student gives.
    const teacherMs = sum(teachersMs);
    const measured = evaluate(logits, actual, classes);
    const teacherMeasured = evaluate(teacherLogits, actual, classes);
    return {
      teacher: {
        accuracy: teacherMeasured.accuracy,
        bytes: sum(teacherBytes),
        latencyMs: teacherMs,
      },
      ...(options.teachers === undefined
        ? {}
        : {
            teachers: options.teachers.map(({ dir: _, ...figures }, k) => ({
              ...figures,
              bytes: teacherBytes[k],
              latencyMs: teachersMs[k],
            })),
          }),
      student: {
        accuracy: measured.accuracy,
        agreement: agreement(logits, teacherLogits, classes),
        macroF1: measured.macroF1,
        klToTeacher: klToTeacher(logits, teacherLogits, classes),
        calibrationError: measured.ece,
        parameters: options.parameters,
        bytes: await answerBytes(studentDir, served),
        latencyMs: studentMs,
      },
      speedup: teacherMs / studentMs,
      testRows: texts.length,
      bestEpoch: options.bestEpoch,
      perClass: measured.perClass.map(({ class: index, ...rest }) => ({ label: labels[index], ...rest })),
      confusions: measured.confusions.slice(0, CONFUSIONS).map(({ actual: is, predicted, count }) => ({
        actual: labels[is],
        predicted: labels[predicted],
        count,
      })),
      ...(float ? { float: { ...(await inFloat(float)), latencyMs: times[times.length - 1] } } : {}),
    };
  } finally {
    await Promise.all(models.map((model) => model.close()));
  }

  async function inFloat(model: TextClassifier) {
    const logits = await allLogits(model, texts, { signal });
    return {
      accuracy: evaluate(logits, actual, classes).accuracy,
      agreement: agreement(logits, teacherLogits, classes),
      bytes: await answerBytes(studentDir, modelFile),
    };
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** `[texts, labels]`, asked in batches. */
async function allLogits(
  model: TextClassifier,
  texts: string[],
  { signal, report }: { signal?: AbortSignal; report?: (done: number) => void },
): Promise<Float32Array> {
  const classes = model.labels.length;
  const logits = new Float32Array(texts.length * classes);
  for (let start = 0; start < texts.length; start += BATCH) {
    throwIfCancelled(signal);
    const batch = texts.slice(start, start + BATCH);
    logits.set(await model.logits(batch), start * classes);
    report?.(start + batch.length);
  }
  return logits;
}

/** Bytes of the files that answering with one of the graphs needs: the graph, the tokenizer, the labels. */
async function answerBytes(dir: string, modelFile: string): Promise<number> {
  const files = await listModelFiles(dir);
  return files
    .filter(({ path }) => [modelFile, 'tokenizer.json', 'config.json'].includes(path))
    .reduce((sum, { bytes }) => sum + bytes, 0);
}
