import type { DistillationSpec, OnProgress, Row, StageMetrics } from '@retort/contracts';
import {
  agreement,
  evaluate,
  predict,
  type StageCheckpoint,
  stepsOf,
  type TrainingExamples,
  type TrainingPart,
} from '@retort/learn';
import { EncodedRows } from '../dataset/encoded-rows.js';
import type { RowParts } from '../dataset/split-rows.js';
import { openFeatures } from '../features/feature-training.js';
import { draftStudent } from '../student/draft-student.js';
import { parameterCount } from '../student/parameter-count.js';
import type { StudentDraft } from '../student/student-draft.js';
import { taughtExamples } from '../training/taught-examples.js';
import { type TrainedOne, trainOneStudent } from '../training/train-one-student.js';
import { grow } from './grow.js';
import { mixSoftLabels } from './mix-soft-labels.js';
import { planStages, type TrainingStage } from './plan-stages.js';

export interface TrainStagesOptions {
  rows: readonly Row[];
  /** How many of the rows, the last ones, were generated. Default 0. */
  generated?: number;
  parts: RowParts;
  labels: readonly string[];
  /** `[rows, labels]`. */
  teacherLogits: Float32Array;
  teacherDir: string;
  spec: DistillationSpec;
  threads?: number;
  checkpoint?: StageCheckpoint;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

export interface TrainedInStages extends TrainedOne {
  /** The rows as the student reads them. */
  encoded: EncodedRows;
  /** What it learned from, of each training row. */
  taught: Required<Pick<TrainingExamples, 'teacherLogits'>> & Pick<TrainingExamples, 'weights'>;
  /** What the teacher's logits were divided by before they were learned from, where the spec calibrates them. */
  teacherTemperature?: number;
  /** Where there was more than one. */
  stages?: StageMetrics[];
}

/** Most rows of a run that measures or labels; never more than a training step takes. */
const MOST_ROWS = 256;

/**
 * Trains the student that the spec asks for, its assistants and its shallower depths before it. Each stage has a checkpoint file of its
 * own, `<path>.<stage>`, the student `<path>` itself: a stage that has ended is read from there, and what the next one learns from is
 * computed from its weights again, to the same bytes.
 */
export async function trainInStages(options: TrainStagesOptions): Promise<TrainedInStages> {
  const { rows, parts, labels, teacherDir, spec } = options;
  const classes = labels.length;
  const stages = planStages(spec);
  const texts = Array.from(parts.train, (row) => rows[row].text);
  // Generated texts are read by the tokens of the given ones: what is misspelt on purpose needs no token of its own.
  const given = parts.train.filter((row) => row < rows.length - (options.generated ?? 0));
  const vocabulary = Array.from(given, (row) => rows[row].text);
  const steps = stages.map((stage) => stepsOf(stage.spec.training, parts.train.length, stage.spec.curriculum));
  const total = steps.reduce((sum, count) => sum + count, 0);
  const metrics: StageMetrics[] = [];
  let targets: Float32Array | undefined;
  let before = 0;
  let last: Omit<TrainedInStages, 'stages'> | undefined;
  for (const [i, stage] of stages.entries()) {
    const fresh = await draftStudent(stage.spec, { texts: vocabulary, labels, teacherDir });
    const draft = startedFrom(fresh, last?.trained, stage, spec);
    const encoded = new EncodedRows(rows, draft.tokenizer, labels, options.teacherLogits);
    const validation = encoded.examples(parts.valid);
    const { teacherTemperature, ...ofTeacher } = taughtExamples(encoded.examples(parts.train), validation, {
      classes,
      spec: stage.spec,
    });
    const examples = { ...ofTeacher, teacherLogits: targets ?? ofTeacher.teacherLogits };
    const reading = { texts, encoded: encoded.encodings(parts.train) };
    const part = stages.length > 1 ? { label: stage.label, before, total } : undefined;
    const features = await openFeatures(stage.spec, draft, reading, { ...options, onProgress: within(part, options) });
    const trained = await trainOneStudent({
      ...options,
      draft,
      examples,
      validation,
      features,
      spec: stage.spec,
      part,
      checkpoint: checkpointOf(stage, options.checkpoint),
    }).finally(() => features.close());
    before += steps[i];
    const taught = { teacherLogits: examples.teacherLogits, weights: examples.weights };
    last = { ...trained, encoded, taught, teacherTemperature };
    if (stages.length > 1) metrics.push(await measure(stage, last, options));
    if (stage.mix !== undefined) {
      const assistant = await logitsOf(last, parts.train, stage, options);
      const { temperature } = stages[i + 1].spec.loss;
      targets = mixSoftLabels(ofTeacher.teacherLogits, assistant, { classes, mix: stage.mix, temperature });
    }
  }
  if (last === undefined) throw new Error('A plan has at least one stage.');
  return { ...last, ...(metrics.length > 0 ? { stages: metrics } : {}) };
}

/** The new student with the weights of the shallower one before it, where it is a depth of one that grows. */
function startedFrom(
  draft: StudentDraft,
  shallower: StudentDraft | undefined,
  { growsFrom }: TrainingStage,
  { progressive }: DistillationSpec,
): StudentDraft {
  const growth = progressive?.growth;
  if (growsFrom === undefined || !growth || !shallower) return draft;
  return { ...draft, model: grow(draft, shallower.model, { layers: growsFrom, newLayers: growth.newLayers }) };
}

/** What the teacher's features are told with, which are no steps: where all stages together stand. */
function within(part: TrainingPart | undefined, { onProgress }: TrainStagesOptions): OnProgress | undefined {
  if (!part || !onProgress) return onProgress;
  const { label, before: done, total } = part;
  return (progress) => onProgress({ ...progress, done, total, secondsLeft: null, note: `${label}: ${progress.note}` });
}

/** The student's own lies where that of a student without stages does. */
function checkpointOf({ name }: TrainingStage, checkpoint: StageCheckpoint | undefined): StageCheckpoint | undefined {
  return checkpoint && { ...checkpoint, path: name === 'student' ? checkpoint.path : `${checkpoint.path}.${name}` };
}

/** `[rows, labels]` of a trained stage. */
function logitsOf(
  { trained, encoded }: Pick<TrainedInStages, 'trained' | 'encoded'>,
  rows: Int32Array,
  { spec }: TrainingStage,
  { threads, signal }: Pick<TrainStagesOptions, 'threads' | 'signal'>,
): Promise<Float32Array> {
  const batchSize = Math.min(MOST_ROWS, spec.training.batchSize);
  return predict(trained.model, encoded.examples(rows), { batchSize, threads, signal });
}

async function measure(
  stage: TrainingStage,
  last: TrainedInStages,
  options: TrainStagesOptions,
): Promise<StageMetrics> {
  const { trained, encoded, history, bestEpoch } = last;
  const { parts, labels } = options;
  const metrics: StageMetrics = {
    stage: stage.name,
    parameters: parameterCount(trained),
    epochs: history.length,
    bestEpoch,
    loss: history[bestEpoch - 1].loss,
    seconds: history.reduce((sum, { seconds }) => sum + seconds, 0),
  };
  if (parts.valid.length === 0) return metrics;
  const logits = await logitsOf(last, parts.valid, stage, options);
  const valid = encoded.examples(parts.valid);
  const isLabelled = valid.labels.some((label) => label >= 0);
  const validation = {
    ...(isLabelled ? { accuracy: evaluate(logits, valid.labels, labels.length).accuracy } : {}),
    agreement: agreement(logits, valid.teacherLogits, labels.length),
  };
  return { ...metrics, validation };
}
