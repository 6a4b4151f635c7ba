import { createHash } from 'node:crypto';
import { type DistillationSpec, type OnProgress, RetortError } from '@retort/contracts';
import { type TrainOptions, type Weights, withoutProjections, withProjections } from '@retort/learn';
import { answerDigest, FeatureTeacher, listModelFiles } from '@retort/teachers';
import type { StudentDraft } from '../student/student-draft.js';
import { featureTargets } from './feature-targets.js';
import { featureTerms, planFeatures } from './feature-terms.js';

/** How the training rows are read. */
export interface ReadRows {
  texts: readonly string[];
  /** By the student. */
  encoded: readonly Int32Array[];
}

export interface FeatureOptions {
  teacherDir: string;
  threads?: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/** A student that learns the features of its spec too, until it is closed. */
export interface FeatureTraining {
  /** What of its training the features decide. */
  training: Pick<TrainOptions, 'model' | 'trainable' | 'features' | 'targets'>;
  /** The weights of the finished student: those of the projections are only needed to learn. */
  withoutProjections(weights: Weights): Weights;
  close(): Promise<void>;
}

/**
 * Opens the teacher up for the features of a spec, computes what can be kept, and gives the student its projections. A spec without
 * features leaves the student as it is.
 *
 * Features of tokens are those of the tokens that the student reads: an embedding that is asked for beside them too. Alone, an
 * embedding is that of the text as the teacher reads it, with its own tokenizer and length.
 *
 * @throws RetortError `RT_INVALID_SPEC` where the teacher has not what the spec names, or reads other tokens than the student;
 * `RT_CANCELLED`, `RT_INVALID_TEACHER`
 */
export async function openFeatures(
  spec: Pick<DistillationSpec, 'student' | 'training' | 'features'>,
  draft: StudentDraft,
  rows: ReadRows,
  { teacherDir, threads, signal, onProgress }: FeatureOptions,
): Promise<FeatureTraining> {
  const { model, trainable } = draft;
  if (spec.features === undefined) {
    return { training: { model, trainable }, withoutProjections: (weights) => weights, close: async () => {} };
  }
  const plan = planFeatures(spec.features);
  const teacher = await FeatureTeacher.open(teacherDir, plan.requests, { threads });
  try {
    const features = featureTerms(plan, teacher.features, spec.student);
    const isAligned = teacher.features.some(({ axes }) => axes !== 'text');
    const encoded = isAligned
      ? sharedTokens(draft, rows.encoded, teacher)
      : rows.texts.map((text) => teacher.tokenizer.encode(text, teacher.maxLength));
    const digest = await digestOf(teacherDir, plan.requests);
    const targets = await featureTargets(teacher, digest, { encoded, signal, onProgress });
    return {
      training: { ...withProjections(draft, features, spec.training.seed), features, targets },
      withoutProjections: (weights) => withoutProjections(weights, features),
      close: () => teacher.close(),
    };
  } catch (error) {
    await teacher.close();
    throw error;
  }
}

/** The tokens of the student in the teacher's ids. */
function sharedTokens(
  { teacherIds, tokenizer }: StudentDraft,
  encoded: readonly Int32Array[],
  teacher: FeatureTeacher,
): Int32Array[] {
  const unfit = (reason: string) =>
    new RetortError('RT_INVALID_SPEC', `features: ${reason} Of such a pair only the kind "embedding" can be compared.`);
  if (!teacherIds) {
    throw unfit(
      "the teacher's tokenizer is neither WordPiece nor Unigram, so the student reads other tokens than its teacher.",
    );
  }
  if (tokenizer.maxLength > teacher.maxLength) {
    throw unfit(
      `the student reads up to ${tokenizer.maxLength} tokens of a text, its teacher ${teacher.maxLength}: lower student.maxLength to that.`,
    );
  }
  return encoded.map((ids) => ids.map((id) => teacherIds[id]));
}

async function digestOf(teacherDir: string, requests: unknown): Promise<string> {
  const teacher = answerDigest(await listModelFiles(teacherDir));
  return createHash('sha256')
    .update(JSON.stringify([teacher, requests]))
    .digest('hex');
}
