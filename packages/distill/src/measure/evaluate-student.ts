import {
  type LatencyFigures,
  type OnProgress,
  type Percentiles,
  progressOf,
  RetortError,
  type StudentMetrics,
  type TeacherFigures,
} from '@retort/contracts';
import { agreement, evaluate, klToTeacher } from '@retort/learn';
import { findModelFile, findServedFile, openTextClassifier, type TextClassifier } from '@retort/text';
import { measureOutOfScope } from '../dataset/out-of-scope.js';
import { throwIfCancelled } from '../dataset/soft-labels.js';
import { answerBytes } from './answer-bytes.js';
import { measureLatencies } from './latency.js';

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
  /** Test texts that belong to none of the labels, where their label is not one of those, and what the teacher answered. */
  outOfScope?: { label: string; texts: string[]; teacherLogits: Float32Array };
  /** What the student's logits were divided by to calibrate them. */
  temperature: number;
  parameters: number;
  /** Of one text of median length. */
  flops: number;
  bestEpoch: number;
  validation?: StudentMetrics['validation'];
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/** No text but those of the labels. */
const NOTHING = { label: '', texts: [], teacherLogits: new Float32Array(0) };

/**
 * Measures the packaged folder itself, tokenizer and all, as an agent will use it: accuracy and agreement over all texts,
 * latency for one text on one thread, in turns with the teacher. Where the folder answers with its int8 graph, the float one is measured too.
 */
export async function evaluateStudent(options: EvaluateOptions): Promise<StudentMetrics> {
  const { labels, texts, actual, teacherLogits, outOfScope = NOTHING } = options;
  const classes = labels.length;
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
    const answers = await allLogits(student, [...texts, ...outOfScope.texts], options);
    const logits = answers.subarray(0, texts.length * classes);
    const foreignLogits = answers.subarray(texts.length * classes);
    const latencies = await measureLatencies(
      models.map((model) => (asked) => model.logits(asked)),
      texts.slice(0, TIMED_TEXTS),
    );
    // In the order in which they were opened.
    const [studentLatency, ...rest] = latencies;
    const teacherLatencies = rest.slice(0, teacherDirs.length);
    const teacherBytes = await Promise.all(teacherDirs.map((dir, k) => answerBytes(dir, teacherFiles[k])));
    // All of them would have to be asked for the answer that the student gives.
    const teacherLatency = together(teacherLatencies);
    const measured = evaluate(logits, actual, classes);
    // The packaged logits are divided by the temperature already.
    const uncalibrated = logits.map((z) => z * options.temperature);
    const teacherMeasured = evaluate(teacherLogits, actual, classes);
    const scope = { logits, actual, foreignLogits };
    const teacherScope = { logits: teacherLogits, actual, foreignLogits: outOfScope.teacherLogits };
    const apart = measureOutOfScope(labels, outOfScope.label, scope);
    const teacherApart = measureOutOfScope(labels, outOfScope.label, teacherScope);
    return {
      teacher: {
        accuracy: teacherMeasured.accuracy,
        bytes: sum(teacherBytes),
        latencyMs: teacherLatency.one.p50Ms,
        macroF1: teacherMeasured.macroF1,
        calibrationError: teacherMeasured.ece,
        latency: teacherLatency,
      },
      ...(options.teachers === undefined
        ? {}
        : {
            teachers: options.teachers.map(({ dir: _, ...figures }, k) => ({
              ...figures,
              bytes: teacherBytes[k],
              latencyMs: teacherLatencies[k].one.p50Ms,
            })),
          }),
      student: {
        accuracy: measured.accuracy,
        agreement: agreement(logits, teacherLogits, classes),
        macroF1: measured.macroF1,
        klToTeacher: klToTeacher(logits, teacherLogits, classes),
        uncalibratedKl: klToTeacher(uncalibrated, teacherLogits, classes),
        calibrationError: measured.ece,
        uncalibratedError: evaluate(uncalibrated, actual, classes).ece,
        parameters: options.parameters,
        flops: options.flops,
        bytes: await answerBytes(studentDir, served),
        latencyMs: studentLatency.one.p50Ms,
        latency: studentLatency,
      },
      speedup: teacherLatency.one.p50Ms / studentLatency.one.p50Ms,
      testRows: texts.length,
      bestEpoch: options.bestEpoch,
      ...(options.validation && { validation: options.validation }),
      ...(apart &&
        teacherApart && {
          outOfScope: {
            label: outOfScope.label,
            rows: apart.rows,
            teacher: teacherApart.figures,
            student: apart.figures,
          },
        }),
      perClass: measured.perClass.map(({ class: index, ...rest }) => ({ label: labels[index], ...rest })),
      confusions: measured.confusions.slice(0, CONFUSIONS).map(({ actual: is, predicted, count }) => ({
        actual: labels[is],
        predicted: labels[predicted],
        count,
      })),
      ...(float ? { float: { ...(await inFloat(float)), latencyMs: latencies[latencies.length - 1].one.p50Ms } } : {}),
    };
  } finally {
    await Promise.all(models.map((model) => model.close()));
  }

  async function inFloat(model: TextClassifier) {
    const logits = await allLogits(model, texts, { signal: options.signal });
    return {
      accuracy: evaluate(logits, actual, classes).accuracy,
      agreement: agreement(logits, teacherLogits, classes),
      bytes: await answerBytes(studentDir, modelFile),
    };
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Of models that are all asked, one after the other: the sums of their percentiles. */
function together(latencies: readonly LatencyFigures[]): LatencyFigures {
  const total = (batch: keyof LatencyFigures): Percentiles => ({
    p50Ms: sum(latencies.map((latency) => latency[batch].p50Ms)),
    p99Ms: sum(latencies.map((latency) => latency[batch].p99Ms)),
  });
  return { one: total('one'), batch32: total('batch32') };
}

/** `[texts, labels]`, asked in batches. */
async function allLogits(
  model: TextClassifier,
  texts: string[],
  { signal, onProgress }: Pick<EvaluateOptions, 'signal' | 'onProgress'>,
): Promise<Float32Array> {
  const report = progressOf('evaluating', texts.length, onProgress);
  report(0);
  const classes = model.labels.length;
  const logits = new Float32Array(texts.length * classes);
  for (let start = 0; start < texts.length; start += BATCH) {
    throwIfCancelled(signal);
    const batch = texts.slice(start, start + BATCH);
    logits.set(await model.logits(batch), start * classes);
    report(start + batch.length);
  }
  return logits;
}
